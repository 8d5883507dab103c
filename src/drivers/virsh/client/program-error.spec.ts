import { describe, expect, test } from '@jest/globals';
import { failureOf } from './libvirt-failure.js';
import { programError } from './program-error.js';

describe('what the program virsh complains of', () => {
  test.each([
    ["error: failed to get domain 'x'\n", { missing: 'domain' }],
    ['error: Domain is already active\n', { isWrongState: true, mayHaveRun: false }],
    [
      "error: Failed to start domain 'x'\nerror: Requested operation is not valid: domain is already running\n",
      { isWrongState: true, mayHaveRun: false },
    ],
    [
      "error: Failed to destroy domain 'x'\nerror: Timed out during operation: cannot acquire state change lock\n",
      { isBusy: true, mayHaveRun: false, isTransient: true },
    ],
    [
      "error: Failed to shutdown domain 'x'\nerror: argument unsupported: QEMU guest agent is not configured\n",
      { isUnsupported: true, mayHaveRun: false },
    ],
    [
      "error: Failed to start domain 'x'\nerror: internal error: qemu has ended\n",
      { mayHaveRun: true, way: undefined },
    ],
    // In the language of the daemon, which may be another one.
    [
      "error: Failed to start domain 'x'\nerror: Domäne läuft schon\n",
      { native: 'VIR_ERR_OPERATION_FAILED', mayHaveRun: true },
    ],
    [
      "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/run/libvirt/libvirt-sock': Connection refused\n",
      { way: 'unavailable', isTransient: true, mayHaveRun: false },
    ],
    [
      'error: failed to connect to the hypervisor\nerror: authentication unavailable: no polkit agent available\n',
      { native: 'VIR_ERR_AUTH_UNAVAILABLE', mayHaveRun: false },
    ],
    [
      'error: Disconnected from qemu:///system due to end of file\nerror: End of file while reading data: Input/output error\n',
      { way: 'lost', mayHaveRun: true, isTransient: true },
    ],
  ])('%j', (complaint, judged) => {
    expect(failureOf(programError(1, complaint))).toMatchObject(judged);
  });

  test('is an error also when the last of several commands was good', () => {
    expect(programError(0, "error: failed to get domain 'x'\n")).toBeDefined();
    expect(programError(0, 'virsh: a warning of its own\n')).toBeUndefined();
    expect(programError(0, '')).toBeUndefined();
  });

  test('is of the shell when it does not run at all', () => {
    const failure = failureOf(programError(127, 'env: ‘virsh’: No such file or directory\n'));
    expect(failure).toMatchObject({ way: 'unavailable', mayHaveRun: false });
    expect(failure?.text).toContain('No such file');
    expect(failureOf(programError(null, ''))).toMatchObject({ way: 'lost', mayHaveRun: true });
  });
});
