import { sql, type RawBuilder } from 'kysely';

/** By which hosts are marked that are in maintenance. */
export const MAINTENANCE = 'maintenance:';

/** The hosts that must not be in maintenance, as a statement takes them: an operation has one, or two when it moves something. */
export interface OpenHosts {
  readonly openHost: string | null;
  readonly otherOpenHost: string | null;
}

export function openHostsOf([first, second]: readonly string[]): OpenHosts {
  const fact = (host: string | undefined): string | null => (host === undefined ? null : MAINTENANCE + host);
  return { openHost: fact(first), otherOpenHost: fact(second) };
}

/** The first of these hosts that is in maintenance, or null; a part of other statements, so that it costs no round trip. */
export function closedHostOf({ openHost, otherOpenHost }: OpenHosts): RawBuilder<string | null> {
  return sql<
    string | null
  >`(select substr(min(name), ${sql.lit(MAINTENANCE.length + 1)}) from facts where name in (${openHost}, ${otherOpenHost}))`;
}
