import { exchange, type WebBody, type WebRequest } from './web-exchange.js';

/**
 * Puts something large to where a web address leads. Redirects are not followed: they would have it sent once more, to somebody else.
 *
 * @returns the status that the server answered with
 * @throws HttpFailure, or the signal's reason
 */
export async function upload(request: WebRequest, body: WebBody): Promise<number> {
  return await exchange(request, ({ statusCode = 0 }) => Promise.resolve(statusCode), body);
}
