import type { z } from 'zod';
import type { MethodDefinition } from '../method.js';
import { computeMethods } from './compute.js';
import { featureMethods } from './features.js';
import { hostMethods } from './host.js';
import { imageMethods } from './image.js';
import { machineMethods } from './machine.js';
import { operationMethods } from './operation.js';
import { powerMethods } from './power.js';

/** Every RPC method by its wire name. */
export const METHODS = {
  ...powerMethods,
  ...computeMethods,
  ...imageMethods,
  ...hostMethods,
  ...machineMethods,
  ...featureMethods,
  ...operationMethods,
} as const satisfies Record<string, MethodDefinition>;

export type MethodName = keyof typeof METHODS;
export type MethodParams<M extends MethodName> = z.output<(typeof METHODS)[M]['params']>;
export type MethodResult<M extends MethodName> = z.output<(typeof METHODS)[M]['result']>;
/** What a method tells on the way to its result; never for most. */
export type MethodProgress<M extends MethodName> = (typeof METHODS)[M] extends { progress: infer P extends z.ZodType }
  ? z.output<P>
  : never;

/** The methods of one kind. */
export type MethodNameOfKind<K extends MethodDefinition['kind']> = {
  [M in MethodName]: (typeof METHODS)[M]['kind'] extends K ? M : never;
}[MethodName];

export const METHOD_NAMES = Object.keys(METHODS) as MethodName[];

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}
