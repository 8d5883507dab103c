/** Properties of queues and exchanges, named as in oslo.messaging: both sides must agree on each. */
export interface OsloFlags {
  readonly amqpDurableQueues: boolean;
  readonly amqpAutoDelete: boolean;
  readonly rabbitQuorumQueue: boolean;
  /** 0: none, as for the next two. */
  readonly rabbitQuorumDeliveryLimit: number;
  readonly rabbitQuorumMaxMemoryLength: number;
  readonly rabbitQuorumMaxMemoryBytes: number;
  readonly rabbitTransientQuorumQueue: boolean;
  /** 0: for ever. */
  readonly rabbitTransientQueuesTtlSeconds: number;
}

/** What oslo.messaging takes when its configuration says nothing. */
export const OSLO_DEFAULTS: OsloFlags = {
  amqpDurableQueues: false,
  amqpAutoDelete: false,
  rabbitQuorumQueue: false,
  rabbitQuorumDeliveryLimit: 0,
  rabbitQuorumMaxMemoryLength: 0,
  rabbitQuorumMaxMemoryBytes: 0,
  rabbitTransientQuorumQueue: false,
  rabbitTransientQueuesTtlSeconds: 1_800,
};
