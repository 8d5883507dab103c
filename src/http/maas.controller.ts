import type { IncomingHttpHeaders } from 'node:http';
import { Controller, Get, Header, Headers, Inject, Param, Post, Res, UseFilters } from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import { traceContextOf } from '../common/trace-context.js';
import { MachineStateSchema } from '../compute/contract/index.js';
import { Access } from './access.js';
import { HttpRequests } from './http-requests.js';
import { MaasErrorFilter } from './maas-error.filter.js';
import { RunningChanges } from './running-changes.js';
import { Acts, TakesBasic } from './token.guard.js';

/** MAAS gives a change up after five minutes, so what has not begun by then must not begin. */
const DEADLINE_MS = 300_000;
/** Longest that an answer waits for the end of a change; MAAS itself waits without end, what stands between may not. */
const LONGEST_WAIT_S = 25;

const MACHINE_PATHS = ['hosts/:host/instances/:instance', 'machines/:machine'];
const pathsTo = (action: string): string[] => MACHINE_PATHS.map((path) => `${path}/${action}`);

/** The part of a change's answer that is told. */
const ChangeAnswerSchema = z.object({
  operation_id: z.string(),
  outcome: z.string(),
  ...MachineStateSchema.partial().shape,
});

/** What MAAS's expressions look for; on its way a machine matches neither (power-drivers.md section 24). */
type MaasStatus = 'running' | 'stopped' | 'starting' | 'stopping' | 'unknown' | 'error';

/** Any machine for a MAAS, as the other side of its power type webhook: docs/maas.md. */
@Controller('v1/maas')
@TakesBasic()
@UseFilters(MaasErrorFilter)
export class MaasController {
  constructor(
    @Inject(HttpRequests) private readonly requests: HttpRequests,
    @Inject(RunningChanges) private readonly changes: RunningChanges,
    @Inject(Access) private readonly access: Access,
  ) {}

  @Post(pathsTo('on'))
  @Acts()
  on(
    @Param() machine: Record<string, string>,
    @Headers() headers: IncomingHttpHeaders,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    return this.#change('power.on', machine, headers, response);
  }

  @Post(pathsTo('off'))
  @Acts()
  off(
    @Param() machine: Record<string, string>,
    @Headers() headers: IncomingHttpHeaders,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    return this.#change('power.off', machine, headers, response);
  }

  /** Nothing but the state stands in the answer, so that no name can be taken for one. */
  @Get(pathsTo('status'))
  @Header('Cache-Control', 'no-store')
  async status(
    @Param() machine: Record<string, string>,
    @Headers() headers: IncomingHttpHeaders,
  ): Promise<{ status: MaasStatus; observed_at: string }> {
    const answer = await this.requests.ask('power.query', { ...machine }, headers, { basic: true });
    const { state, transition, observed_at } = MachineStateSchema.parse(answer);
    return { status: statusOf(state, transition), observed_at };
  }

  async #change(
    method: 'power.on' | 'power.off',
    machine: Record<string, string>,
    headers: IncomingHttpHeaders,
    response: Response,
  ): Promise<object> {
    const { authorization, prefer = '' } = headers;
    const requestedBy = this.access.callerOf(authorization, { basic: true });
    const trace = traceContextOf(headers);
    const change = { method, machine: { ...machine }, requestedBy, deadlineMs: DEADLINE_MS, trace };
    const end = await this.changes.ask(change, waitOf(String(prefer)) * 1000);
    response.status(end.kind === 'ended' ? 200 : 202);
    if (end.kind === 'running') return { outcome: 'accepted', idempotency_key: end.idempotencyKey };
    const { state, transition = null, ...rest } = ChangeAnswerSchema.parse(end.answer);
    return { operation_id: rest.operation_id, outcome: rest.outcome, status: statusOf(state ?? 'unknown', transition) };
  }
}

function statusOf(
  state: z.output<typeof MachineStateSchema>['state'],
  transition: z.output<typeof MachineStateSchema>['transition'],
): MaasStatus {
  if (transition !== null) return transition;
  switch (state) {
    case 'on':
      return 'running';
    case 'off':
      return 'stopped';
    case 'unknown':
    case 'error':
      return state;
  }
}

/** Seconds to wait, by `Prefer: wait=` (RFC 7240). */
function waitOf(prefer: string): number {
  const asked = /(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])/.exec(prefer)?.[1];
  return asked === undefined ? LONGEST_WAIT_S : Math.min(Number(asked), LONGEST_WAIT_S);
}
