// The service with one safety removed, one for each rule in ARCHITECTURE.md: each must be found out by the harness. A patch
// names text of the compiled code that must be there exactly once.

/**
 * @typedef {object} Mutant
 * @property {string} name
 * @property {string} removes
 * @property {readonly string[]} scenarios in which it shows
 * @property {readonly string[]} foundBy rules of the checker, of which one at least must be broken
 * @property {'sqlite' | 'postgres'} [database] when it needs one worker with a limit of its own, or several workers
 * @property {readonly { file: string, find: string, replace: string }[]} patches
 */

/** @type {readonly Mutant[]} */
export const mutants = [
  {
    name: 'acknowledged-first',
    removes: 'a request is written down before its message is acknowledged',
    scenarios: ['killed'],
    foundBy: ['request-lost'],
    patches: [
      {
        file: 'transport/intake.js',
        find: 'const outcome = await this.#outcomeOf(decoded,',
        replace: 'accepted();\n        const outcome = await this.#outcomeOf(decoded,',
      },
    ],
  },
  {
    name: 'dead-letters-acknowledged-first',
    removes: 'a message is acknowledged once it is a dead letter',
    scenarios: ['deadLetters'],
    foundBy: ['dead-letter-lost'],
    patches: [
      {
        file: 'transport/dead-letters.js',
        find: 'while (!delivery.isStale && !signal.aborted) {',
        replace: 'delivery.ack();\n        while (!signal.aborted) {',
      },
    ],
  },
  {
    name: 'repeats-not-recognised',
    removes: 'a repeat gets the outcome of the first',
    scenarios: ['replies'],
    foundBy: ['two-operations-for-one-key'],
    patches: [
      {
        file: 'compute/dispatch/operations.js',
        find: 'request.idempotency_key ?? meta.requestId',
        replace: '`${request.idempotency_key ?? meta.requestId}-${Math.random()}`',
      },
    ],
  },
  {
    name: 'bodies-not-compared',
    removes: 'another request under the key of the first is refused',
    scenarios: ['replies'],
    foundBy: ['key-taken-twice'],
    patches: [
      {
        file: 'compute/dispatch/operations.js',
        find: 'record.fingerprint !== fingerprint',
        replace: 'false',
      },
    ],
  },
  {
    name: 'no-turns',
    removes: 'one operation at a time on a target',
    scenarios: ['turns'],
    foundBy: ['turns-overlap', 'write-by-another'],
    patches: [
      { file: 'compute/dispatch/target-queues.js', find: 'if (queue.hasTurn)\n            return;', replace: '' },
      {
        file: 'journal/journal-statements.js',
        find: ".whereRef('other.seq', '<>', 'operations.seq')",
        replace: ".where('other.seq', '<', 0)",
      },
      {
        file: 'journal/migrations/0001-operations.js',
        find: ".unique()\n                .on('operations')",
        replace: ".on('operations')",
      },
    ],
  },
  {
    name: 'no-order',
    removes: 'operations on a target run in the order of acceptance',
    scenarios: ['turns'],
    foundBy: ['order-broken'],
    patches: [
      { file: 'compute/dispatch/target-queues.js', find: 'item.seq < other.seq', replace: 'item.seq > other.seq' },
      {
        file: 'journal/journal-statements.js',
        find: "where.and([where('other.seq', '<', where.ref('operations.seq')), where('operations.state', '=', 'accepted')]),",
        replace: '',
      },
    ],
  },
  {
    name: 'preempt-cancels-nothing',
    removes: 'what preempts cancels what is before it',
    scenarios: ['preempt'],
    foundBy: ['preempt-ignored'],
    patches: [{ file: 'compute/dispatch/operations.js', find: "params['preempt'] !== true", replace: 'true' }],
  },
  {
    name: 'locks-unsorted',
    removes: 'the targets of an operation are locked in the same order by everybody',
    scenarios: ['crossing'],
    foundBy: ['locks-crossed'],
    database: 'postgres',
    patches: [
      {
        file: 'journal/sql-journal.js',
        find: 'further, i + 1))];\n        rows.sort((a, b) => (a.target < b.target ? -1 : 1));',
        replace: 'further, i + 1))];',
      },
    ],
  },
  {
    name: 'parent-ends-first',
    removes: 'a parent waits for its parts',
    scenarios: ['parents'],
    foundBy: ['parent-ended-first'],
    patches: [
      {
        file: 'compute/dispatch/parent-route.js',
        find: 'await children.ended(ctx);\n            if (underWay === 0 && !isDisturbed)\n                break;',
        replace: 'break;',
      },
    ],
  },
  {
    name: 'no-deadlines',
    removes: 'what came too late is not begun',
    scenarios: ['stale'],
    foundBy: ['stale-command'],
    patches: [
      {
        file: 'compute/dispatch/time-limits.js',
        find: 'return Math.min(asked ?? now, now) + request.deadline_ms;',
        replace: 'return now + request.deadline_ms;',
      },
    ],
  },
  {
    name: 'deadlines-while-waiting-ignored',
    removes: 'what became too late while it waited for its turn is not begun',
    scenarios: ['stale'],
    foundBy: ['stale-command'],
    patches: [
      {
        file: 'compute/dispatch/operation-run.js',
        find: 'record.notAfter !== null && record.notAfter <= this.#ports.clock.now()',
        replace: 'false',
      },
      {
        file: 'compute/dispatch/time-limits.js',
        find: 'moment === null ? Number.POSITIVE_INFINITY : moment - clock.now()',
        replace: 'Number.POSITIVE_INFINITY',
      },
    ],
  },
  {
    name: 'start-within-ignored',
    removes: 'what nobody was there to begin for too long is not begun',
    scenarios: ['forsaken'],
    foundBy: ['stale-command'],
    patches: [
      {
        file: 'compute/dispatch/operations.js',
        find: 'record.acceptedAt + startWithinMs < clock.now()',
        replace: 'false',
      },
    ],
  },
  {
    name: 'sent-again',
    removes: 'a change whose answer was lost is looked for, not sent again',
    scenarios: ['lostAnswers'],
    foundBy: ['write-repeated-blindly', 'write-repeated'],
    patches: [
      {
        file: 'drivers/hmc-dpm/operations/step.js',
        find: 'lost = error;',
        replace: "change.underWay = undefined;\n        return { kind: 'refused', isBusy: true, error };",
      },
    ],
  },
  {
    name: 'begun-anew',
    removes: 'what an interrupted attempt left is looked into before anything is begun',
    scenarios: ['killed'],
    foundBy: ['outcome-untrue', 'write-repeated'],
    patches: [
      {
        file: 'compute/dispatch/operation-run.js',
        find: 'if (this.#hasBegun()) {',
        replace: 'if (false) {',
      },
    ],
  },
  {
    name: 'lease-not-looked-at',
    removes: 'before each device write a worker makes sure that nobody can have taken over',
    scenarios: ['late'],
    foundBy: ['write-by-former-owner', 'write-after-end'],
    database: 'postgres',
    patches: [
      {
        file: 'compute/dispatch/worker-lease.js',
        find: 'while (!this.#outlives(requestTimeoutMs))',
        replace: 'while (false)',
      },
    ],
  },
  {
    name: 'fence-not-compared',
    removes: 'the journal refuses what comes from an earlier attempt',
    scenarios: ['overtaken'],
    foundBy: ['outcome-untrue'],
    database: 'postgres',
    patches: [
      { file: 'journal/journal-statements.js', find: "\n            .where('fence', '=', fence)", replace: '' },
      { file: 'journal/journal-statements.js', find: "eb('fence', '=', fence), ", replace: '' },
    ],
  },
  {
    name: 'nobody-takes-over',
    removes: 'another worker takes over from one that says nothing',
    scenarios: ['frozen'],
    foundBy: ['not-taken-over'],
    database: 'postgres',
    patches: [{ file: 'journal/sql-workers.js', find: 'lease_until + grace_ms <', replace: 'lease_until + 600000 <' }],
  },
  {
    name: 'steps-not-written-down',
    removes: 'a step is written down before it is sent',
    scenarios: ['killed'],
    foundBy: ['write-without-step'],
    patches: [
      {
        file: 'compute/dispatch/run-context.js',
        find: 'await this.#writeDown(STEP_CHECKPOINT, {',
        replace: '((name, data) => ({ name, data, at: 0 }))(STEP_CHECKPOINT, {',
      },
    ],
  },
  {
    name: 'jobs-not-written-down',
    removes: 'a job is written down before it is waited for',
    scenarios: ['replies'],
    foundBy: ['job-not-written-down'],
    patches: [
      {
        file: 'drivers/hmc-dpm/operations/job.js',
        find: 'await ctx.checkpoint(JOB_CHECKPOINT, { uri, step });',
        replace: '',
      },
    ],
  },
  {
    name: 'told-first',
    removes: 'an outcome is stored before it is told',
    scenarios: ['replies'],
    foundBy: ['reply-before-outcome'],
    patches: [
      {
        file: 'compute/dispatch/operation-runner.js',
        find: 'const { stored, isOurs } = await this.#store(entry.record, fence, end);',
        replace: `const told = { ...entry.record, state: end.state, finishedAt: this.#options.clock.now(), result: end.result ?? null, error: end.error ?? null };
        this.#finish(entry, told);
        await this.#options.clock.sleep(200);
        const { stored, isOurs } = await this.#store(entry.record, fence, end);`,
      },
    ],
  },
  {
    name: 'no-limit',
    removes: 'beyond so many unfinished operations nothing more is taken',
    scenarios: ['backPressure'],
    foundBy: ['too-many-accepted'],
    database: 'sqlite',
    patches: [{ file: 'serve.js', find: 'unfinished >= maxAccepted', replace: 'false' }],
  },
  {
    name: 'no-limit-per-target',
    removes: 'beyond so many unfinished operations on a target further ones are refused',
    scenarios: ['backPressure'],
    foundBy: ['too-many-accepted'],
    database: 'sqlite',
    patches: [{ file: 'journal/journal-statements.js', find: "'<', maxPerTarget", replace: "'>=', 0" }],
  },
  {
    name: 'cut-at-stop',
    removes: 'what runs at a stop may come to its end',
    scenarios: ['shutdown'],
    foundBy: ['shutdown-cut'],
    patches: [{ file: 'serve.js', find: 'compute.finish(config.amqp.drainTimeoutMs)', replace: 'compute.finish(0)' }],
  },
  {
    name: 'hosts-not-closed',
    removes: 'a stop gives back what was opened',
    scenarios: ['shutdown'],
    foundBy: ['session-left'],
    patches: [{ file: 'serve.js', find: "held.add('the hosts', () => compute.close());", replace: '' }],
  },
  {
    name: 'reads-not-shared',
    removes: 'equal reads in flight share one request to the backend',
    scenarios: ['reads'],
    foundBy: ['reads-not-shared'],
    patches: [{ file: 'compute/dispatch/shared-work.js', find: 'if (shared !== undefined)', replace: 'if (false)' }],
  },
  {
    name: 'reads-wait',
    removes: 'reads wait for no operation',
    scenarios: ['reads'],
    foundBy: ['read-waited'],
    patches: [
      {
        file: 'compute/dispatch/gateway.js',
        find: 'return reads.run(method, params, meta, machine);',
        replace: `return (async () => {
                while ((await operations.list({ state: 'running', limit: 1 }, { sees: () => true })).operations.length > 0)
                    await new Promise((resolve) => setTimeout(resolve, 50));
                return reads.run(method, params, meta, machine);
            })();`,
      },
    ],
  },
];
