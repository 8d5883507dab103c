import { describe, expect, test } from '@jest/globals';
import {
  AuthenticationError,
  CallTimeoutError,
  ConnectionLostError,
  ErrorNumber,
  LibvirtError,
  ProtocolError,
  TransportError,
  type TransportErrorKind,
} from 'node-libvirt';
import { ComputeError } from '../../common/errors/index.js';
import type { NativeCode } from './client/failure-kinds.js';
import { failureOf } from './client/libvirt-failure.js';
import { LinkError } from './client/link-error.js';
import { toVirshComputeError } from './virsh.errors.js';

function answer(code: number, text = 'the text', errno = 0): LibvirtError {
  const nothing = { ofDomain: null, text1: null, text2: null, text3: null, int2: 0, ofNetwork: null };
  return new LibvirtError({ code, domain: 10, message: text, level: 2, ...nothing, int1: errno });
}

function mapped(error: unknown, changes = false): ComputeError {
  return toVirshComputeError(error, {
    what: 'starting domain d',
    libvirt: 'qemu+ssh://kvm1/system',
    changes,
  }) as ComputeError;
}

describe("libvirt's answer", () => {
  test.each<[NativeCode, string, string]>([
    ['VIR_ERR_NO_DOMAIN', 'INSTANCE_NOT_FOUND', 'never'],
    ['VIR_ERR_NO_NETWORK', 'RESOURCE_NOT_FOUND', 'never'],
    ['VIR_ERR_NO_STORAGE_POOL', 'RESOURCE_NOT_FOUND', 'never'],
    ['VIR_ERR_NO_STORAGE_VOL', 'RESOURCE_NOT_FOUND', 'never'],
    ['VIR_ERR_NO_DOMAIN_SNAPSHOT', 'RESOURCE_NOT_FOUND', 'never'],
    ['VIR_ERR_OPERATION_INVALID', 'STATE_CONFLICT', 'safe'],
    ['VIR_ERR_OPERATION_TIMEOUT', 'BACKEND_BUSY', 'safe'],
    ['VIR_ERR_RESOURCE_BUSY', 'BACKEND_BUSY', 'safe'],
    ['VIR_ERR_NO_SUPPORT', 'FEATURE_UNSUPPORTED', 'never'],
    ['VIR_ERR_CONFIG_UNSUPPORTED', 'FEATURE_LIMITED', 'never'],
    ['VIR_ERR_AUTH_UNAVAILABLE', 'BACKEND_AUTH_FAILED', 'never'],
    ['VIR_ERR_ACCESS_DENIED', 'BACKEND_FORBIDDEN', 'never'],
    ['VIR_ERR_MIGRATE_UNSAFE', 'STATE_CONFLICT', 'never'],
    ['VIR_ERR_CPU_INCOMPATIBLE', 'FEATURE_LIMITED', 'never'],
    ['VIR_ERR_AGENT_UNRESPONSIVE', 'STATE_CONFLICT', 'safe'],
    ['VIR_ERR_INTERNAL_ERROR', 'BACKEND_REJECTED', 'never'],
    ['VIR_ERR_XML_ERROR', 'BACKEND_REJECTED', 'never'],
    ['VIR_ERR_STORAGE_PROBE_FAILED', 'BACKEND_REJECTED', 'never'],
  ])('%s is %s', (name, code, retry) => {
    const error = mapped(answer(ErrorNumber[name]));
    expect(error).toMatchObject({ code, retry, driver: 'virsh', native: { code: name, text: 'the text' } });
    expect(error.outcome).not.toBe('unknown');
    // What failed, where, what libvirt said, and what to do.
    expect(error.message).toMatch(/^starting domain d \(qemu\+ssh:\/\/kvm1\/system\): .*"the text": .{15,}/);
  });

  test('is judged by code, and by its text only where the code says too little', () => {
    const failed = ErrorNumber.VIR_ERR_OPERATION_FAILED;
    expect(mapped(answer(failed, "domain 'd' already exists with uuid 1"))).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(mapped(answer(failed, 'something else'))).toMatchObject({ code: 'BACKEND_REJECTED' });
    const rpc = ErrorNumber.VIR_ERR_RPC;
    expect(mapped(answer(rpc, 'unknown procedure: 444'))).toMatchObject({ code: 'BACKEND_VERSION_UNSUPPORTED' });
    expect(mapped(answer(rpc, 'internal'))).toMatchObject({ code: 'BACKEND_PROTOCOL', retry: 'safe' });
    const system = ErrorNumber.VIR_ERR_SYSTEM_ERROR;
    expect(mapped(answer(system, 'no space', 28))).toMatchObject({ code: 'CAPACITY_EXHAUSTED' });
    expect(mapped(answer(system, 'no daemon', 111))).toMatchObject({ code: 'BACKEND_UNREACHABLE', retry: 'safe' });
    expect(mapped(answer(system, 'odd', 5))).toMatchObject({ code: 'BACKEND_REJECTED' });
    // Of a libvirt that is newer than this.
    expect(mapped(answer(9999))).toMatchObject({ code: 'BACKEND_REJECTED', native: { code: '9999' } });
  });

  test('may have been carried out in part where it does not say the contrary', () => {
    const outcome = (name: NativeCode, text?: string): unknown => mapped(answer(ErrorNumber[name], text), true).outcome;
    expect(outcome('VIR_ERR_INTERNAL_ERROR')).toBe('unknown');
    expect(outcome('VIR_ERR_OPERATION_FAILED')).toBe('unknown');
    expect(outcome('VIR_ERR_OPERATION_FAILED', 'it already exists')).toBe('not-started');
    expect(outcome('VIR_ERR_OPERATION_INVALID')).toBe('not-applied');
    expect(outcome('VIR_ERR_OPERATION_TIMEOUT')).toBe('not-applied');
    expect(outcome('VIR_ERR_NO_DOMAIN')).toBe('not-started');
  });

  test('says what is not there', () => {
    const missing = (name: NativeCode): unknown => failureOf(answer(ErrorNumber[name]))?.missing;
    expect(missing('VIR_ERR_NO_DOMAIN')).toBe('domain');
    expect(missing('VIR_ERR_NO_STORAGE_VOL')).toBe('volume');
    expect(missing('VIR_ERR_OPERATION_INVALID')).toBeUndefined();
  });

  test('is repeated without secrets, control characters and endless texts', () => {
    const text = mapped(answer(1, `mail\u0007\nfrom qemu://user:hunter2@kvm2/system ${'x'.repeat(5000)}`)).native?.text;
    expect(text).toMatch(/^mail from qemu:\/\/\[redacted\]@kvm2\/system x+$/);
    expect(text?.length).toBe(500);
  });
});

describe('no answer', () => {
  test.each<[TransportErrorKind, string, string]>([
    ['settings', 'CONFIG_INVALID', 'never'],
    ['unreachable', 'BACKEND_UNREACHABLE', 'safe'],
    ['timeout', 'BACKEND_UNREACHABLE', 'safe'],
    ['untrusted', 'TLS_UNTRUSTED', 'never'],
    ['wrong-name', 'TLS_UNTRUSTED', 'never'],
    ['host-key', 'HOST_KEY_MISMATCH', 'never'],
    ['refused', 'BACKEND_AUTH_FAILED', 'never'],
    ['unavailable', 'BACKEND_UNREACHABLE', 'safe'],
    ['protocol', 'BACKEND_PROTOCOL', 'safe'],
    ['lost', 'BACKEND_UNREACHABLE', 'safe'],
  ])('for the way is %s: %s', (kind, code, retry) => {
    const error = mapped(new TransportError(kind, 'kvm1:22 says no'));
    expect(error).toMatchObject({ code, retry, driver: 'virsh', native: { text: 'kvm1:22 says no' } });
    expect(error.outcome).not.toBe('unknown');
    // Of something that changes, a connection that was there may have carried it.
    expect(mapped(new TransportError(kind, 'x'), true).outcome === 'unknown').toBe(kind === 'lost');
  });

  test('tells whether it may have been carried out', () => {
    for (const wasSent of [true, false]) {
      for (const error of [new ConnectionLostError('x', wasSent), new CallTimeoutError('x', wasSent)]) {
        expect(mapped(error, true).outcome === 'unknown').toBe(wasSent);
        expect(mapped(error, false)).toMatchObject({ retry: 'safe' });
        expect(failureOf(error)).toMatchObject({ isTransient: true, isRefused: false, mayHaveRun: wasSent });
      }
    }
    expect(mapped(new CallTimeoutError('x', true))).toMatchObject({ code: 'BACKEND_TIMEOUT' });
    expect(mapped(new ProtocolError('x'), true)).toMatchObject({ code: 'BACKEND_PROTOCOL', outcome: 'unknown' });
  });

  test('is explained by what broke the connection', () => {
    const cause = new TransportError('unavailable', 'virt-ssh-helper is not there');
    const error = mapped(new ConnectionLostError('the connection was lost', true, { cause }), true);
    expect(error).toMatchObject({ code: 'BACKEND_UNREACHABLE', outcome: 'unknown' });
    expect(error.message).toContain('virt-ssh-helper is not there');
  });

  test('since we are not let in ends the trying', () => {
    for (const error of [
      new AuthenticationError('no'),
      new LinkError('held-back', 'no'),
      new TransportError('refused', 'no'),
    ]) {
      expect(failureOf(error)).toMatchObject({ isRefused: true, isTransient: false, mayHaveRun: false });
      expect(mapped(error, true)).toMatchObject({ code: 'BACKEND_AUTH_FAILED', outcome: 'not-started' });
    }
    expect(mapped(new LinkError('closed', 'x'))).toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  test('is not what is ours or a defect', () => {
    for (const error of [new ComputeError('DEADLINE_EXCEEDED', 'x'), new TypeError('x')]) {
      expect(failureOf(error)).toBeUndefined();
      expect(mapped(error)).toBe(error);
    }
  });
});
