import { RequestError, authorization } from './session.mjs';

/** @type {Map<string, Promise<Document>>} */
const known = new Map();

/**
 * Another page of the service, asked for in the reader's name. It is parsed by the browser, and nothing of it runs.
 *
 * @param {string} address
 * @returns {Promise<Document>}
 * @throws {RequestError} with what the page says went wrong
 */
export function otherPage(address) {
  const found = known.get(address) ?? ask(address);
  known.set(address, found);
  found.catch(() => known.delete(address));
  return found;
}

/** @param {string} address @returns {Promise<Document>} */
function ask(address) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('GET', address);
    request.responseType = 'document';
    for (const [name, value] of Object.entries({ ...authorization(), Accept: 'text/html' }))
      request.setRequestHeader(name, value);
    request.addEventListener('error', () => reject(new RequestError('The service does not answer.')));
    request.addEventListener('load', () => {
      const { status, response } = request;
      if (status === 200 && response instanceof Document) return resolve(response);
      const said = response instanceof Document ? response.querySelector('.trouble')?.textContent?.trim() : undefined;
      reject(new RequestError(said ?? `The service answered with status ${status}.`, { status }));
    });
    request.send();
  });
}
