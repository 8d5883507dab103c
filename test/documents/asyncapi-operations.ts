/** What we read of an AsyncAPI document to send the requests of its examples. */
export interface AsyncApiDocument {
  readonly servers: Readonly<Record<string, unknown>>;
  readonly channels: Readonly<Record<string, Channel>>;
  readonly operations: Readonly<Record<string, AmqpOperation>>;
  readonly components: { readonly messages: Readonly<Record<string, AmqpMessage>> };
}

export interface Channel {
  readonly address: string | null;
  readonly messages: Readonly<Record<string, Reference>>;
  readonly bindings?: { readonly amqp: { readonly is: string; readonly exchange?: { readonly name: string } } };
}

export interface AmqpOperation {
  readonly action: 'send' | 'receive';
  readonly channel: Reference;
  readonly messages?: readonly Reference[];
  readonly reply?: { readonly channel: Reference; readonly messages?: readonly Reference[] };
}

export interface AmqpMessage {
  readonly name: string;
  readonly headers?: Reference;
  readonly examples: readonly { readonly headers?: object; readonly payload: Record<string, unknown> }[];
  readonly payload: unknown;
}

interface Reference {
  readonly $ref: string;
}

/** The last part of a reference. */
export function nameOf({ $ref }: Reference): string {
  return $ref.split('/').at(-1) ?? '';
}

/** Where in the document the schema of a message's payload stands. */
export function payloadPlace(message: string): readonly string[] {
  return ['components', 'messages', message, 'payload'];
}

/** Where the schema of the message stands that an envelope of oslo.messaging holds as a text. */
export function innerPlace(message: string): readonly string[] {
  return [...payloadPlace(message), 'properties', 'oslo.message', 'contentSchema'];
}
