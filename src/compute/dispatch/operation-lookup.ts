import { definedOnly } from '../../common/defined-only.js';
import { ComputeError } from '../../common/errors/index.js';
import { toJson } from '../../common/json.js';
import type { Journal, OperationRecord } from '../../journal/journal.port.js';
import type { MethodParams } from '../contract/index.js';

/** What a caller may see of operations, and act on. */
export interface OperationAccess {
  readonly requestedBy: string;
  sees(operation: OperationRecord): boolean;
  /** @throws ComputeError FORBIDDEN */
  check(operation: OperationRecord): void;
}

/** Finds operations for callers, who may not see all of them. */
export class OperationLookup {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /**
   * Only an id is unique: of several callers' operations with one key or message id the caller's own comes first.
   *
   * @throws ComputeError RESOURCE_NOT_FOUND, FORBIDDEN
   */
  async find(
    reference: MethodParams<'operation.get'>,
    access: OperationAccess,
    whose: 'own' | 'anybody',
  ): Promise<OperationRecord> {
    const journal = this.#journal;
    const { operation_id: id, idempotency_key: key, message_id: messageId = '' } = reference;
    let record: OperationRecord | undefined;
    if (id !== undefined) record = await journal.findById(id);
    else {
      const own = await journal.findByKey(access.requestedBy, key ?? messageId);
      if (own !== undefined && (key !== undefined || own.messageId === messageId)) record = own;
      else {
        const newest =
          key === undefined ? await journal.findBy('messageId', messageId) : await journal.findBy('requestKey', key);
        if (whose === 'anybody' || newest?.requestedBy === access.requestedBy) record = newest;
      }
    }
    if (record !== undefined) {
      access.check(record);
      return record;
    }
    throw new ComputeError('RESOURCE_NOT_FOUND', 'there is no such operation; outcomes are kept for journal.keep', {
      details: { reference: toJson(reference) },
    });
  }

  /** A page may be shorter than its limit, by what the caller may not see. */
  async page(
    filter: MethodParams<'operation.list'>,
    access: OperationAccess,
  ): Promise<{ seen: OperationRecord[]; next: string | null }> {
    const { limit = 100, before, parent, ...rest } = filter;
    const found = await this.#journal.list({
      ...definedOnly(rest),
      ...(before === undefined ? {} : { beforeId: before }),
      ...(parent === undefined ? {} : { parentId: parent }),
      limit: limit + 1,
    });
    const page = found.slice(0, limit);
    return {
      seen: page.filter((record) => access.sees(record)),
      next: found.length > limit ? (page.at(-1)?.id ?? null) : null,
    };
  }
}
