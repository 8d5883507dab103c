import { FakeSite } from './fake-site.js';
import { FakeStorage } from './fake-storage.js';
import type { FakeSettings } from './fake.settings.js';

/** Fake hosts that instances can move between. They last as long as the estate: who opens one again finds it as it was. */
export class FakeEstate {
  readonly #sites = new Map<string, FakeSite>();
  readonly #storage = new FakeStorage();

  /** The host of this name; made as its first opener wants it. */
  open(name: string, settings: FakeSettings, now: number): FakeSite {
    const site = this.#sites.get(name) ?? new FakeSite(name, settings, this.#storage, now);
    this.#sites.set(name, site);
    return site;
  }

  find(name: string): FakeSite | undefined {
    return this.#sites.get(name);
  }
}
