// Callers at work: so many requests in flight, each with the habits of real callers.
import { setTimeout as delay } from 'node:timers/promises';
import { draw } from './draw.mjs';

/** A caller that has waited so long goes on with something else; it asks after the outcome in the end. */
const patienceMs = 15_000;
const lookAtOnce = 0.1;

export class Load {
  #scene;
  sent = 0;

  constructor(scene) {
    this.#scene = scene;
  }

  /** @param {AbortSignal} signal ends it early */
  async run({ random, operations, inFlight, partitions, signal }) {
    const { callers, ledger } = this.#scene;
    const one = async () => {
      while (this.sent < operations && !signal.aborted) {
        this.sent += 1;
        await this.#request(
          draw(random, { database: this.#scene.stage.database, partitions, callers, newKey: () => ledger.newKey() }),
          random.chance(lookAtOnce),
        );
      }
    };
    await Promise.all(Array.from({ length: inFlight }, one));
  }

  async #request({ caller, other, habit, pauseMs, spec }, looks) {
    const { ledger } = this.#scene;
    const entry = await ledger.send(caller, spec);
    // Without a key it is the message id that names it. Nobody says who he is, so all are one caller to the service.
    const again = () =>
      spec.key === undefined ? ledger.send(caller, { ...spec, messageId: entry.messageId }) : ledger.send(other, spec);
    switch (habit) {
      case 'twin':
        await entry.send();
        break;
      case 'repeat at once':
        await again();
        break;
      case 'cancel':
        await delay(pauseMs);
        await this.#scene.asker.ask('operation.cancel', { idempotency_key: entry.key });
        break;
      case 'force_complete':
      case 'abort':
        await delay(pauseMs);
        await this.#control(habit, spec);
        break;
      default:
    }
    await Promise.race([
      spec.options.wait === 'accepted' ? entry.answered : entry.settled,
      delay(patienceMs, undefined, { ref: false }),
    ]);
    if (looks) await this.#look(entry);
    // Whoever takes a host away gives it back, so that something can go on there.
    if (spec.options.enabled === true)
      await ledger.send(caller, { ...spec, key: ledger.newKey(), options: { enabled: false } });
    if (habit === 'repeat later') {
      await delay(pauseMs);
      await again();
    }
    if (habit === 'misuse' && spec.key !== undefined && entry.operationId !== undefined) {
      const method = spec.method === 'compute.reboot' ? 'compute.power_off' : 'compute.reboot';
      const misuse = await ledger.send(caller, { ...spec, method, isMisuse: true });
      await Promise.race([misuse.answered, delay(patienceMs, undefined, { ref: false })]);
    }
  }

  /** Twice at once, of whichever migration of the instance is under way. */
  async #control(control, { host, instance }) {
    const { asker } = this.#scene;
    await Promise.all(
      Array.from({ length: 2 }, () => asker.ask(`compute.live_migration_${control}`, { host, instance })),
    );
  }

  /** What a caller was told, anybody who asks is told too. */
  async #look(entry) {
    const { operationId } = entry;
    if (!entry.isFinal || operationId === undefined) return;
    const { result } = (await this.#scene.asker.ask('operation.get', { operation_id: operationId })) ?? {};
    if (result !== undefined && result.finished_at === null)
      this.#scene.observe(
        'reply-before-outcome',
        `the outcome of ${operationId} was told before it was stored`,
        result,
      );
  }
}
