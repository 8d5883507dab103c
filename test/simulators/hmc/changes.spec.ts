import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MachineBench } from './machine-bench.js';

describe('changes that an HMC tells of', () => {
  let bench: MachineBench;
  const told: string[] = [];
  let end: () => void;

  beforeEach(async () => {
    bench = await MachineBench.start();
    told.length = 0;
    end = bench.simulator.changes.subscribe((change) => {
      switch (change.kind) {
        case 'status':
          told.push(`${change.object.name}: ${change.oldStatus} -> ${change.newStatus}`);
          return;
        case 'property':
          told.push(`${change.object.name}.${change.name}: ${JSON.stringify(change.newValue)}`);
          return;
        case 'inventory':
          told.push(`${change.action} ${change.object.class} ${change.object.name}`);
          return;
        case 'job':
          told.push(`job of ${change.owner}`);
          return;
      }
    });
  });
  afterEach(() => bench.stop());

  it('statuses and jobs, in order', async () => {
    await bench.power('start', 'LPAR1');
    await bench.power('stop', 'LPAR1');
    expect(told).toEqual([
      'LPAR1: stopped -> starting',
      'LPAR1: starting -> paused',
      'job of zenova',
      'LPAR1: paused -> active',
      'LPAR1: active -> stopping',
      'LPAR1: stopping -> stopped',
      'job of zenova',
    ]);
  });

  it('properties that are other ones now, and never secrets', async () => {
    const ftp = { 'boot-ftp-password': 'very-secret', 'boot-ftp-host': 'h', description: '' };
    await bench.ask('POST', bench.uri('LPAR2'), ftp);
    await bench.ask('POST', bench.uri('LPAR2'), { name: 'renamed' });
    expect(told).toEqual(['LPAR2.boot-ftp-host: "h"', 'renamed.name: "renamed"']);
  });

  it('NICs and partitions that come and go, with what follows from it', async () => {
    const vs1 = await bench.part('virtual-switches', 'vs1');
    const created = { name: 'new', 'ifl-processors': 1, 'initial-memory': 1024, 'maximum-memory': 1024 };
    const { 'object-uri': uri } = await bench.ask('POST', `${await bench.cpcUri()}/partitions`, created);
    const nic = await bench.nic('new', { name: 'net', 'virtual-switch-uri': vs1 });
    await bench.ask('POST', nic, { 'vlan-id': 9 });
    await bench.ask('DELETE', String(uri));
    expect(told.map((line) => line.replace(/\[.*\]/, '[…]'))).toEqual([
      'add partition new',
      'new.nic-uris: […]',
      'vs1.connected-vnic-uris: […]',
      'add nic net',
      'net.vlan-id: 9',
      'new.nic-uris: […]',
      'vs1.connected-vnic-uris: […]',
      'remove nic net',
      'remove partition new',
    ]);
  });

  it('adapters that fail, until nobody listens any more', async () => {
    bench.simulator.setStatus('LPAR1', 'active');
    bench.simulator.setAdapterStatus('osa1', 'not-active', 'CPC1');
    expect(told.slice(1)).toEqual(['osa1: active -> not-active', 'LPAR1: active -> degraded']);
    end();
    bench.simulator.setAdapterStatus('osa1', 'active', 'CPC1');
    expect(told).toHaveLength(3);
  });
});
