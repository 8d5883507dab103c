import { byId, el, fill } from './dom.mjs';
import { change, confirm, notifyAccepted, powerButtons } from './confirm.mjs';
import { body, keepFocus, openDrawer } from './drawer.mjs';
import { allHosts, areHostsListed, hostOf, lookAtHosts, reachOf, watchHosts } from './hosts.mjs';
import { notify } from './notices.mjs';
import { call, get, mayAct, onCaller } from './session.mjs';
import { ago, moment } from './times.mjs';
import { facts, folded, memory, stateOf, troubleOf } from './words.mjs';

/**
 * @typedef {import('../src/compute/contract/index.js').MethodResult<'compute.list_instances'>['instances'][number]} Instance
 * @typedef {import('../src/compute/contract/index.js').MethodResult<'host.test'>['checks'][number]} Check
 */

/** A host may have thousands: the first of those that the reader looks for are shown. */
const SHOWN = 100;

/** @type {(() => void) | undefined} */
let redraw;
onCaller(() => redraw?.());

/**
 * Shows a host: how it does, what a test of it finds, and its instances.
 *
 * @param {string} name
 */
export async function showHost(name) {
  const path = `v1/hosts/${encodeURIComponent(name)}`;
  const places = { state: el('p', { class: 'big' }), error: el('div'), facts: el('div'), native: el('div') };
  const checks = el('div', { 'aria-live': 'polite' });
  const actions = el('p', { class: 'buttons' });
  const list = el('tbody', { role: 'rowgroup' });
  const rest = el('p', { class: 'quiet' });
  const find = el('input', {
    type: 'search',
    size: 18,
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => drawInstances(),
  });
  /** @type {Instance[]} */
  let instances = [];

  const drawInstances = () => {
    const text = find.value.trim().toLowerCase();
    const like = instances.filter((instance) => instance.name.toLowerCase().includes(text));
    fill(list, ...like.slice(0, SHOWN).map((instance) => instanceRow(name, instance)));
    fill(rest, instances.length === 0 ? 'None.' : like.length > SHOWN ? `and ${like.length - SHOWN} more` : '');
    keepFocus();
  };
  const drawHost = () => {
    drawFacts(name, places);
    fill(actions, ...actionsOf(name, () => void test()));
    keepFocus();
  };
  const lookAtInstances = async () => {
    try {
      ({ instances } = await get(`${path}/instances`));
      drawInstances();
    } catch (error) {
      fill(rest, troubleOf(error));
    }
  };
  const test = async () => {
    fill(checks, el('p', { class: 'quiet' }, 'Testing …'));
    try {
      const answer = await get(`${path}/test`);
      fill(
        checks,
        el('h3', {}, answer.ok ? 'Test: all is well' : 'Test: not all is well'),
        el('ul', { class: 'checks' }, ...answer.checks.map(checkLine)),
      );
    } catch (error) {
      fill(checks, el('h3', {}, 'Test'), troubleOf(error));
    }
  };

  const stop = watchHosts((changed) => {
    if (changed !== undefined && changed !== name) return;
    drawHost();
    if (changed === name) void lookAtInstances();
  });
  openDrawer(name, () => {
    stop();
    redraw = undefined;
  });
  redraw = drawHost;
  body.append(
    places.state,
    places.error,
    actions,
    checks,
    places.facts,
    places.native,
    el('h3', { id: 'instances-title' }, 'Instances'),
    el('p', {}, el('label', {}, 'Find ', find)),
    el('table', { class: 'inner', role: 'table', 'aria-labelledby': 'instances-title' }, HEAD.cloneNode(true), list),
    rest,
  );
  drawHost();
  await lookAtInstances();
}

const HEAD = el(
  'thead',
  { role: 'rowgroup' },
  el(
    'tr',
    { role: 'row' },
    ...['Name', 'State', 'Seen', 'Actions'].map((title) =>
      el(
        'th',
        { role: 'columnheader', scope: 'col' },
        title === 'Actions' ? el('span', { class: 'acting' }, title) : title,
      ),
    ),
  ),
);

/**
 * @param {string} host
 * @param {Instance} instance
 */
function instanceRow(host, { name, power_state: state, transition, native_state: native, observed_at: at }) {
  const cell = (/** @type {string} */ kind, /** @type {Node[]} */ ...content) =>
    el('td', { role: 'cell', class: kind }, ...content);
  return el(
    'tr',
    { role: 'row' },
    cell('name-cell', el('span', { class: 'id', title: name }, name)),
    cell(
      'reach-cell',
      stateOf(transition ?? state),
      el('span', { class: 'quiet' }, native === state ? '' : ` ${native}`),
    ),
    cell('time-cell', ago(at)),
    cell('actions-cell', powerButtons({ host, instance: name })),
  );
}

/** @param {Check} check */
function checkLine({ name, ok, detail, remedy }) {
  return el(
    'li',
    {},
    el(
      'span',
      { class: `state ${ok ? 'good' : 'bad'}` },
      el('span', { 'aria-hidden': 'true' }, ok ? '✓' : '✕'),
      ok ? ' well ' : ' not well ',
    ),
    el('strong', {}, name),
    ` ${detail}`,
    remedy === null ? null : el('p', { class: 'remedy' }, `What to do: ${remedy}`),
  );
}

/**
 * @param {string} name
 * @param {Record<'state' | 'error' | 'facts' | 'native', HTMLElement>} places
 */
function drawFacts(name, places) {
  const seen = hostOf(name);
  if (seen === undefined) {
    const nobody = areHostsListed() ? troubleOf(new Error(`This service has no host ${name}.`)) : null;
    fill(places.error, nobody);
    return;
  }
  const { host, info, error } = seen;
  fill(places.state, stateOf(reachOf(seen)));
  fill(places.error, error === undefined ? null : troubleOf(error));
  fill(
    places.facts,
    facts([
      ['Driver', el('a', { href: featuresHref(host) }, host.driver)],
      ['System', info?.hypervisor],
      ['Says', info?.native_status],
      ['Running', info === undefined ? null : `${info.running} of ${info.instances}`],
      ['Processors', info?.vcpus],
      ['Memory', typeof info?.memory_mib !== 'number' ? null : memory(info.memory_mib)],
      ['May be changed', host.manage.join(' ') || 'nothing', true],
      ['Protected', host.protect.join(' '), true],
      ['Served by', host.server, true],
      ['Looked at', info === undefined ? null : moment(info.observed_at)],
    ]),
  );
  const native = info?.native ?? {};
  fill(places.native, Object.keys(native).length === 0 ? null : folded('In its own words', native));
}

/** What its driver can do, and what this host has of it now. @param {{ name: string, driver: string }} host */
function featuresHref({ name, driver }) {
  return `v1/features/${encodeURIComponent(driver)}.html?host=${encodeURIComponent(name)}`;
}

/**
 * @param {string} name
 * @param {() => void} test
 */
function actionsOf(name, test) {
  const host = hostOf(name)?.host;
  if (host === undefined) return [];
  const button = (/** @type {string} */ label, /** @type {() => void} */ onclick) =>
    el('button', { type: 'button', onclick }, label);
  if (!mayAct()) return [button('Test', test)];
  return [
    button('Test', test),
    button('Retry logon', () => askRetry(name)),
    host.maintenance
      ? button('End maintenance', () => askMaintenance(host.name, false))
      : button('Begin maintenance', () => askMaintenance(host.name, true)),
  ];
}

/** @param {string} host */
function askRetry(host) {
  confirm({
    title: `Retry the logon to ${host}?`,
    text: 'Credentials that were refused may be tried once more. Mend them first: another refusal may lock the user.',
    verb: `Retry ${host}`,
    act: () => call('host.retry', { host }),
    done: ({ rearmed }) => {
      notify(rearmed ? `The next logon to ${host} is allowed.` : `Nothing had been refused at ${host}.`);
      void lookAtHosts();
    },
  });
}

/**
 * @param {string} host
 * @param {boolean} enabled
 */
function askMaintenance(host, enabled) {
  const driver = hostOf(host)?.host.driver;
  const others = allHosts().filter((other) => other.driver === driver && other.name !== host);
  const choice = el(
    'label',
    {},
    'Running instances ',
    el(
      'select',
      { name: 'destination' },
      el('option', { value: '' }, 'are switched off'),
      ...others.map((other) => el('option', { value: other.name }, `move to ${other.name}`)),
    ),
  );
  const verb = enabled ? `Begin maintenance of ${host}` : `End maintenance of ${host}`;
  confirm({
    title: `${verb}?`,
    text: enabled
      ? 'Every running instance is taken off it, and it takes no changes until the maintenance is ended.'
      : 'It takes changes again. Instances do not come back by themselves.',
    verb,
    ...(enabled ? { fields: choice } : {}),
    act: ({ destination = '' }, key) =>
      // It lasts as long as its last instance does, so it has no deadline.
      change('host.set_maintenance', { host, enabled, ...(destination === '' ? {} : { destination }) }, key),
    done: (answer) => {
      notifyAccepted(verb, answer);
      void lookAtHosts();
    },
  });
  byId('confirm-no', HTMLButtonElement).focus();
}
