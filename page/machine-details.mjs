import { el, fill } from './dom.mjs';
import { powerButtons } from './confirm.mjs';
import { body, openDrawer } from './drawer.mjs';
import { machineOf, machineState } from './machines.mjs';
import { get } from './session.mjs';
import { moment } from './times.mjs';
import { facts, stateOf, troubleOf } from './words.mjs';

/** @typedef {import('../src/compute/contract/index.js').MachineView} Machine */

/**
 * Shows a registered machine.
 *
 * @param {string} name
 */
export async function showMachine(name) {
  openDrawer(name);
  try {
    draw(machineOf(name) ?? (await find(name)));
  } catch (error) {
    fill(body, troubleOf(error));
  }
}

/**
 * @param {string} name
 * @returns {Promise<Machine>}
 */
async function find(name) {
  const { machines } = await get('v1/machines', { name, limit: 1000 });
  const found = machines.find((/** @type {Machine} */ machine) => machine.name === name);
  if (found === undefined) throw new Error(`No machine ${name} is registered.`);
  return found;
}

/** @param {Machine} machine */
function draw(machine) {
  const { error } = machine;
  fill(
    body,
    el('p', { class: 'big' }, machineState(machine)),
    error === null
      ? null
      : el(
          'div',
          { class: 'trouble' },
          el('p', { class: 'id' }, error.code),
          el('p', {}, error.message),
          el('p', {}, 'Its controller did not answer with these parameters. zenova machine update mends them.'),
        ),
    el('p', { class: 'buttons' }, powerButtons({ machine: machine.name })),
    facts([
      ['Check', stateOf(machine.status)],
      ['Says', machine.native_state],
      ['Seen', machine.observed_at === undefined ? null : moment(machine.observed_at)],
      ['Power type', machine.power_type, true],
      ['Controller', machine.controller, true],
      ...Object.entries(machine.power_parameters).map(
        ([name, value]) => /** @type {const} */ ([name, Array.isArray(value) ? value.join(' ') : String(value), true]),
      ),
      ['Secrets set', machine.secret_parameters.join(' '), true],
      ['Registered by', machine.registered_by],
      ['Registered', moment(machine.registered_at)],
      ['Changed', moment(machine.updated_at)],
      ['Revision', machine.revision],
    ]),
  );
}
