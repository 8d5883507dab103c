import { z } from 'zod';
import {
  ChangeAnswerFields,
  ChangeFields,
  ChildrenAnswerFields,
  HostNameSchema,
  InstanceRefSchema,
  TimeSchema,
} from '../fields.js';
import { defineMethod } from '../method.js';

const host = z.strictObject({ host: HostNameSchema });

/** One thing that `host.test` looked at. */
export const CheckSchema = z.object({
  name: z.string(),
  ok: z.boolean(),
  detail: z.string(),
  remedy: z.string().nullable().describe('what to do about it, when it is not ok'),
});

export const REQUIREMENT_STATUSES = ['met', 'not_met', 'unknown', 'information'] as const;

/** One thing that `host.preflight` looked at. */
export const RequirementSchema = z.object({
  requirement: z.string(),
  subject: z.string().describe('the host, or the instance, adapter or storage that it is about'),
  status: z
    .enum(REQUIREMENT_STATUSES)
    .describe('unknown: it cannot be told; information: advice that nothing depends on'),
  evidence: z.string().describe('what was seen'),
  remedy: z.string().nullable().describe('what to do about it, when it is not met or unknown'),
});

/** `host.*`: the places where instances live. */
export const hostMethods = {
  'host.list': defineMethod({
    kind: 'service',
    summary: 'List the hosts of this service.',
    params: z.strictObject({}),
    result: z.object({
      hosts: z.array(
        z.object({
          name: z.string(),
          driver: z.string(),
          server: z.string(),
          manage: z.array(z.string()),
          protect: z.array(z.string()),
          maintenance: z.boolean().describe('it takes no changes'),
          enabled: z.boolean().describe('it takes new instances'),
        }),
      ),
    }),
  }),
  'host.get_info': defineMethod({
    kind: 'read',
    summary: 'Tell what a host is, how large it is, and how it does.',
    params: host,
    result: z.object({
      host: z.string(),
      driver: z.string(),
      hypervisor: z.string().describe("the backend's product and version"),
      status: z.enum(['up', 'degraded', 'down', 'unknown']),
      native_status: z.string(),
      instances: z.int(),
      running: z.int(),
      vcpus: z.number().nullable(),
      memory_mib: z.int().nullable(),
      uptime_s: z.int().nullable().describe('how long it has been up, seconds'),
      cpu_traits: z.array(z.string()).nullable().describe('what its processors can do, in the words of OpenStack'),
      native: z.record(z.string(), z.json()),
      observed_at: TimeSchema,
    }),
    operation: 'getHostInfo',
  }),
  'host.test': defineMethod({
    kind: 'read',
    summary: "Try a host's address, certificate, credentials and permissions, and say what to mend.",
    params: host,
    result: z.object({ host: z.string(), ok: z.boolean(), checks: z.array(CheckSchema) }),
    operation: 'testHost',
  }),
  'host.set_maintenance': defineMethod({
    kind: 'change',
    summary: 'Take every running instance off a host and refuse changes there, or allow them again.',
    params: z
      .strictObject({
        host: HostNameSchema,
        enabled: z.boolean().describe('true to begin maintenance, false to end it'),
        destination: HostNameSchema.optional().describe(
          'host that running instances are moved to, live (default: they are switched off)',
        ),
        ...ChangeFields,
      })
      .refine(({ enabled, destination }) => enabled || destination === undefined, {
        path: ['destination'],
        message: 'only with enabled true: instances do not come back by themselves',
      }),
    result: z.object({ ...ChangeAnswerFields, ...ChildrenAnswerFields, host: z.string().optional() }),
    operation: 'setMaintenance',
  }),
  'host.set_enabled': defineMethod({
    kind: 'change',
    summary: 'Let a host take no new instances, or take them again; those that it has stay.',
    params: z.strictObject({ host: HostNameSchema, enabled: z.boolean(), ...ChangeFields }),
    result: z.object({ ...ChangeAnswerFields, host: z.string().optional(), enabled: z.boolean().optional() }),
    operation: 'setEnabled',
  }),
  'host.preflight': defineMethod({
    kind: 'read',
    summary: 'Tell which requirements for instances a host meets, and how to meet the others.',
    params: z.strictObject({
      host: HostNameSchema,
      instance: InstanceRefSchema.optional().describe('also what this instance needs to be used as it is'),
    }),
    result: z.object({
      host: z.string(),
      ok: z.boolean().describe('every requirement is met; one that cannot be told is not'),
      requirements: z.array(RequirementSchema),
    }),
    operation: 'preflight',
  }),
  'host.retry': defineMethod({
    kind: 'control',
    summary: 'Allow the next logon to a host whose credentials were refused before.',
    params: host,
    result: z.object({ host: z.string(), rearmed: z.boolean().describe('false when nothing had been refused') }),
  }),
} as const;
