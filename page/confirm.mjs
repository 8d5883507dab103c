import { byId, el, fill, setIdle, setText } from './dom.mjs';
import { notify } from './notices.mjs';
import { RequestError, call, newKey } from './session.mjs';
import { troubleOf } from './words.mjs';

/**
 * Nothing is changed without a question that names what it is about.
 *
 * @typedef {object} Question
 * @property {string} title names action and target
 * @property {string} text what will happen
 * @property {string} verb what the button says
 * @property {HTMLElement} [fields] more to choose, as elements with names
 * @property {(values: Record<string, string>, key: string) => Promise<any>} act
 * @property {(answer: any) => void} [done]
 */

const dialog = byId('confirm', HTMLDialogElement);
const title = byId('confirm-title', HTMLElement);
const text = byId('confirm-text', HTMLElement);
const fields = byId('confirm-fields', HTMLElement);
const trouble = byId('confirm-error', HTMLElement);
const yes = byId('confirm-yes', HTMLButtonElement);
const no = byId('confirm-no', HTMLButtonElement);

/** @type {Question | undefined} */
let asked;
let key = '';

no.addEventListener('click', () => dialog.close());
yes.addEventListener('click', () => void act());
dialog.addEventListener('close', () => {
  asked = undefined;
});

/** @param {Question} question */
export function confirm(question) {
  asked = question;
  key = newKey();
  setText(title, question.title);
  setText(text, question.text);
  setText(yes, question.verb);
  setIdle(yes, false);
  fields.replaceChildren();
  fill(fields, question.fields);
  fill(trouble);
  dialog.showModal();
  no.focus();
}

async function act() {
  const question = asked;
  if (question === undefined) return;
  setIdle(yes, true);
  setText(yes, 'Asking …');
  fill(trouble);
  try {
    const answer = await question.act(values(), key);
    if (asked === question) dialog.close();
    question.done?.(answer);
  } catch (error) {
    // What may have been taken is sent again under its key, and so does nothing twice.
    const isSettled = error instanceof RequestError && error.isSettled;
    if (isSettled) key = newKey();
    if (asked !== question) {
      notify(`${question.title} ${error instanceof Error ? error.message : ''}`);
      return;
    }
    fill(
      trouble,
      troubleOf(error),
      isSettled ? null : el('p', {}, 'It may have been taken. Asking again will not do it twice.'),
    );
    setText(yes, isSettled ? question.verb : 'Ask again');
    setIdle(yes, false);
    no.focus();
  }
}

function values() {
  /** @type {Record<string, string>} */
  const given = {};
  for (const field of fields.querySelectorAll('select')) given[field.name] = field.value;
  return given;
}

/** A power change that was asked for here and has not come to its end by then goes no further. */
const DEADLINE_MS = 600_000;

/**
 * @param {string} method that changes something
 * @param {object} params
 * @param {string} key
 */
export function change(method, params, key) {
  return call(method, { ...params, idempotency_key: key, wait: 'accepted' });
}

/**
 * Tells of an operation that was asked for, with the way to it.
 *
 * @param {string} what
 * @param {{ operation_id: string | null }} answer
 */
export function notifyAccepted(what, { operation_id: id }) {
  notify(`${what}: asked for.`, id === null ? undefined : { href: `#operations/${id}`, label: 'Show it' });
}

const POWER = {
  on: { verb: 'Power on', text: 'It is started; one that runs stays as it is.' },
  off: { verb: 'Power off', text: 'It is stopped hard: its operating system is not asked.' },
  cycle: { verb: 'Power cycle', text: 'It is stopped hard, when it runs, and then started.' },
};

/**
 * Buttons that power something.
 *
 * @param {{ host: string, instance: string } | { machine: string }} target
 * @returns {HTMLElement}
 */
export function powerButtons(target) {
  const name = 'machine' in target ? target.machine : target.instance;
  const place = 'machine' in target ? '' : ` on ${target.host}`;
  /** @param {keyof typeof POWER} action */
  const button = (action) => {
    const { verb, text: effect } = POWER[action];
    const ask = () =>
      confirm({
        title: `${verb} ${name}${place}?`,
        text: effect,
        verb: `${verb} ${name}`,
        act: (_, requestKey) => change(`power.${action}`, { ...target, deadline_ms: DEADLINE_MS }, requestKey),
        done: (answer) => notifyAccepted(`${verb} ${name}`, answer),
      });
    return el('button', { type: 'button', 'aria-label': `${verb} ${name}`, onclick: ask }, verb.replace('Power ', ''));
  };
  return el('span', { class: 'acting powers' }, button('on'), button('off'), button('cycle'));
}
