import { describe, expect, it } from '@jest/globals';
import { matrixView } from '../../src/cli/feature-views.js';
import { renderTable } from '../../src/cli/table.js';
import { matrixAnswer } from '../../src/compute/dispatch/feature-answers.js';
import { POWER_TYPES } from '../../src/drivers/driver-registry.js';
import { cli } from '../support/cli.js';
import { SAMPLE_DRIVERS, SAMPLE_EVIDENCE } from '../support/sample-matrix.js';

const parts = { version: '1.2.3', drivers: SAMPLE_DRIVERS, powerTypes: POWER_TYPES, evidence: SAMPLE_EVIDENCE };
const features = (...argv: string[]) =>
  cli(['features', ...argv, '--url', 'amqp://127.0.0.1:1'], { catalogue: () => Promise.resolve(parts) });

describe('zenova features', () => {
  it('answers which drivers have what is asked for, proven', async () => {
    const having = ['--having', 'operation.live-migrate', '--having', 'console.serial.log'];
    const found = await features(...having, '--proven');
    expect(found).toMatchObject({ code: 0, stderr: '' });
    expect(found.stdout).toMatch(/^FEATURE +STATUS +<B>ODD<\/B>\n/);
    expect(found.stdout).not.toContain('POWER TYPE');
    const { stdout } = await features('matrix', ...having, '--proven', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ drivers: [{ driver: '<b>odd</b>' }] });
    const live = await features(...having, '--proven', '--grade', 'live');
    expect(live).toMatchObject({ code: 0, stdout: 'No driver has all that is asked for.\n' });
  });

  it('marks how a level is proven, and tells limits and what is demanded', async () => {
    const { stdout } = await features('--drivers', 'old.html', 'fake');
    expect(stdout).toMatch(/^FEATURE +STATUS +FAKE +OLD\.HTML\n/);
    expect(stdout).toMatch(/\noperation\.pause +optional +complete\? +missing\?\n/);
    expect(stdout).toMatch(/\noperation\.launch +mandatory +missing\? +complete\*\n/);
    expect(stdout).toMatch(/\nold\.html +storage\.image +images of at most 2 TiB, in qcow2 or raw\n/);
    expect(stdout).toMatch(
      /\nold\.html +not met +no +demanded because storage\.block is complete: storage\.block\.backend\.iscsi/,
    );
    expect(stdout).toContain('* proven on the product itself');
  });

  it('tells of one driver what each feature was tried on', async () => {
    const { stdout } = await features('driver', 'old.html');
    expect(stdout).toMatch(/\noperation\.launch +complete\* +old\.html simulator 4\.10\n/);
    expect(stdout).toMatch(
      /\noperation\.pause +missing\? +old\.html simulator 4\.10 \(1 of 1 not passed\) +DPM has no/,
    );
    expect(stdout).toMatch(/\ndemands +not met\n/);
  });

  it('keeps to the width of a terminal', () => {
    const text = renderTable(
      matrixView(matrixAnswer(parts, { drivers: ['hmc-dpm', 'fake', 'old.html', 'webhook'] })),
      80,
    );
    const lines = text.split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('FEATURE '))).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith('POWER TYPE '))).toHaveLength(2);
  });

  it('refuses a feature that there is not, and a level that is none', async () => {
    expect(await features('--having', 'operation.fly')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no feature operation.fly'),
    });
    expect(await features('--having', 'operation.pause', '--level', 'some')).toMatchObject({ code: 2 });
  });

  it('says in its help that its options need no further word', async () => {
    const { stdout } = await features('--help');
    expect(stdout).toContain('Without a command: matrix');
    expect(stdout).toContain('zenova features --having operation.live-migrate --having console.serial.log --proven');
  });
});
