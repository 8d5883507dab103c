import { isoTime } from '../../src/common/clock.js';
import type { InstanceInfoAnswer } from '../../src/compute/contract/index.js';

/** What `compute.get_info` answers of a running instance `web01` without devices of its own. */
export function instanceInfo(more: Partial<InstanceInfoAnswer> = {}): InstanceInfoAnswer {
  return {
    name: 'web01',
    id: 'id1',
    power_state: 'running',
    power_state_code: 1,
    transition: null,
    native_state: 'active',
    observed_at: isoTime(0),
    vcpus: 2,
    memory_mib: 4096,
    max_memory_mib: 8192,
    cpu_time_ns: null,
    interfaces: [],
    volumes: [],
    native: {},
    ...more,
  };
}
