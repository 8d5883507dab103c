import { el, fill } from './dom.mjs';
import { powerButtons } from './confirm.mjs';
import { body, keepFocus, openDrawer } from './drawer.mjs';
import { machineOf, machineState, watchMachines } from './machines.mjs';
import { get } from './session.mjs';
import { moment } from './times.mjs';
import { facts, stateOf, troubleOf } from './words.mjs';

/** @typedef {import('../src/compute/contract/index.js').MachineView} Machine */

/**
 * Shows a registered machine, and how it changes while it is in the list.
 *
 * @param {string} name
 */
export async function showMachine(name) {
  // Of its own: while it is asked for, the panel may have come to show something else.
  const place = el('div', { class: 'machine' });
  const drawKnown = () => {
    const machine = machineOf(name);
    if (machine === undefined) return false;
    draw(place, machine);
    keepFocus();
    return true;
  };
  openDrawer(name, watchMachines(drawKnown));
  body.append(place);
  try {
    if (!drawKnown()) draw(place, await find(name));
  } catch (error) {
    fill(place, troubleOf(error));
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

/**
 * @param {HTMLElement} place
 * @param {Machine} machine
 */
function draw(place, machine) {
  const { error } = machine;
  fill(
    place,
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
