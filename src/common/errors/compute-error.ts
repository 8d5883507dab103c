import { z } from 'zod';
import { redact, redactText } from '../secret.js';
import { EFFECTS, ERROR_CODES, ERROR_CODE_NAMES, RETRIES, type ErrorCode, type ErrorLogLevel } from './codes.js';

/** A value that survives JSON unchanged; checked when an error is built, so that details reach the caller whole. */
export const JsonValueSchema = z.json();
export type JsonValue = z.infer<typeof JsonValueSchema>;

const DetailsSchema = z.record(z.string(), JsonValueSchema);

const BRAND = Symbol.for('zenova.ComputeError');
const MAX_MESSAGE_LENGTH = 4096;

/** What the backend itself said: its status, its code, its text with secrets and length removed by the driver. */
export const NativeErrorSchema = z.object({
  status: z.union([z.number(), z.string()]).optional(),
  code: z.union([z.number(), z.string()]).optional(),
  text: z.string().optional(),
});
export type NativeError = z.infer<typeof NativeErrorSchema>;

/** The error as callers receive it, in both envelopes (DESIGN 4.1). */
export const WireErrorSchema = z.object({
  code: z.enum(ERROR_CODE_NAMES),
  message: z.string(),
  retry: z.enum(RETRIES),
  outcome: z.enum(EFFECTS),
  driver: z.string().nullable(),
  target: z.string().nullable(),
  native: NativeErrorSchema.nullable(),
  details: DetailsSchema,
  operation_id: z.string().nullable(),
});
export type WireError = z.infer<typeof WireErrorSchema>;

export interface ComputeErrorOptions {
  retry?: WireError['retry'];
  outcome?: WireError['outcome'];
  driver?: string | undefined;
  target?: string | undefined;
  native?: NativeError | undefined;
  details?: Record<string, JsonValue>;
  operationId?: string | undefined;
  cause?: unknown;
  logLevel?: ErrorLogLevel;
}

/**
 * The one error that leaves a driver, the dispatcher or an edge. Its message says what failed, where, and what to do
 * about it, and never holds a secret.
 *
 * `instanceof` goes through a registered symbol, so that it holds across module copies and vm realms (jest).
 */
export class ComputeError extends Error {
  readonly code: ErrorCode;
  readonly retry: WireError['retry'];
  readonly outcome: WireError['outcome'];
  readonly driver: string | undefined;
  readonly target: string | undefined;
  readonly native: NativeError | undefined;
  readonly details: Record<string, JsonValue>;
  readonly operationId: string | undefined;
  readonly logLevel: ErrorLogLevel;

  constructor(code: ErrorCode, message: string, options: ComputeErrorOptions = {}) {
    // An error names what was asked for, and that can be an address with a password in it.
    super(
      redactText(message.slice(0, MAX_MESSAGE_LENGTH)),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'ComputeError';
    const defaults = ERROR_CODES[code];
    this.code = code;
    this.retry = options.retry ?? defaults.retry;
    this.outcome = options.outcome ?? defaults.outcome;
    this.driver = options.driver;
    this.target = options.target;
    this.native = options.native;
    this.details = redact(DetailsSchema.parse(options.details ?? {})) as Record<string, JsonValue>;
    this.operationId = options.operationId;
    this.logLevel = options.logLevel ?? defaults.logLevel;
    Object.defineProperty(this, BRAND, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  /** A copy that also says which driver, target or operation it belongs to, and more details; what is already known is kept. */
  within(place: {
    driver?: string;
    target?: string;
    operationId?: string;
    details?: Record<string, JsonValue>;
  }): ComputeError {
    const copy = new ComputeError(this.code, this.message, {
      retry: this.retry,
      outcome: this.outcome,
      driver: this.driver ?? place.driver,
      target: this.target ?? place.target,
      native: this.native,
      details: { ...place.details, ...this.details },
      operationId: this.operationId ?? place.operationId,
      cause: this.cause,
      logLevel: this.logLevel,
    });
    if (this.stack !== undefined) copy.stack = this.stack;
    return copy;
  }

  toWire(): WireError {
    return {
      code: this.code,
      message: this.message,
      retry: this.retry,
      outcome: this.outcome,
      driver: this.driver ?? null,
      target: this.target ?? null,
      native: this.native ?? null,
      details: this.details,
      operation_id: this.operationId ?? null,
    };
  }

  /** Rebuilds the error a service sent, for clients and for outcomes kept in the journal. */
  static fromWire(wire: WireError): ComputeError {
    return new ComputeError(wire.code, wire.message, {
      retry: wire.retry,
      outcome: wire.outcome,
      driver: wire.driver ?? undefined,
      target: wire.target ?? undefined,
      native: wire.native ?? undefined,
      details: wire.details,
      operationId: wire.operation_id ?? undefined,
    });
  }
}
