import { randomUUID } from 'node:crypto';

/** Nest's envelope: what a reply answers stands in its AMQP properties. */
export const nest = {
  request: ({ pattern, data }, { id, replyTo }) => ({
    content: { pattern, data, id },
    properties: { replyTo, correlationId: id, messageId: id },
  }),
  reply: ({ properties, content }) => ({ id: properties.correlationId, error: JSON.parse(content.toString()).err }),
};

/** That of oslo.messaging: everything stands in the message, which is text within the text. */
export const oslo = {
  request: ({ pattern, data }, { id, replyTo }) => {
    const [namespace, method] = pattern.split('.');
    const message = {
      method,
      args: data,
      namespace,
      version: '1.0',
      _msg_id: id,
      _reply_q: replyTo,
      _timeout: null,
      _unique_id: randomUUID().replaceAll('-', ''),
    };
    return {
      content: { 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) },
      properties: { contentType: 'application/json', contentEncoding: 'utf-8', priority: 0, expiration: 60_000 },
    };
  },
  reply: ({ content }) => {
    const { _msg_id: id, failure } = JSON.parse(JSON.parse(content.toString())['oslo.message']);
    return { id, error: failure };
  },
};
