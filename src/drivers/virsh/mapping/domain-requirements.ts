import type { Requirement } from '../../../compute/contract/index.js';
import { met, notMet } from '../../kit/index.js';
import type { DomainFacts } from './domain-facts.js';

/** What one guest needs beside what its host has, by its definition. */
export function domainRequirements(
  subject: string,
  { hasAgentChannel, consoles, bootOrder }: Pick<DomainFacts, 'hasAgentChannel' | 'consoles' | 'bootOrder'>,
): Requirement[] {
  return [
    hasAgentChannel
      ? met('agent_channel', subject, 'it has a channel for the agent in its guest (qemu-guest-agent)')
      : notMet(
          'agent_channel',
          subject,
          'it has no channel for an agent: no password can be set in it, nor its file systems held',
          'add a channel org.qemu.guest_agent.0 to its definition',
        ),
    consoles.some(({ logFile }) => logFile !== undefined)
      ? met('console_log', subject, 'what its console shows is kept')
      : notMet('console_log', subject, 'what its console shows is kept nowhere', 'add a log file to its console'),
    {
      requirement: 'boot_order',
      subject,
      status: 'information',
      evidence:
        bootOrder.length === 0 ? 'it starts from whatever comes first' : `it starts from ${bootOrder.join(', ')}`,
      remedy: null,
    },
  ];
}
