/** The fields that say where a request goes; which of them are there, the method's schema has checked. */
export interface Destination {
  readonly host?: string | undefined;
  readonly instance?: string | undefined;
  readonly machine?: string | undefined;
  readonly power_type?: string | undefined;
  readonly power_parameters?: unknown;
  readonly destination?: string | undefined;
  readonly enabled?: boolean | undefined;
  /** Of what is made. */
  readonly name?: string | undefined;
}
