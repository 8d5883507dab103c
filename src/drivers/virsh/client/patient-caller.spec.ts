import { beforeEach, describe, expect, test } from '@jest/globals';
import * as libvirt from 'node-libvirt';
import { connectGetHostname, domainDestroy, storagePoolRefresh, type Call, type Caller } from 'node-libvirt';
import { isRepeatable, patientCaller } from './patient-caller.js';

const ONCE = `
  auth_list auth_polkit connect_baseline_hypervisor_cpu connect_close connect_compare_hypervisor_cpu
  connect_domain_event_callback_deregister_any connect_domain_event_callback_register_any connect_open connect_supports_feature
  domain_abort_job domain_agent_command domain_attach_device_flags domain_backup_begin domain_block_commit domain_block_copy
  domain_block_job_abort domain_block_resize domain_block_stats domain_core_dump domain_core_dump_with_format domain_create
  domain_create_with_flags domain_create_xml domain_define_xml_flags domain_destroy domain_destroy_flags
  domain_detach_device_alias domain_detach_device_flags domain_fsfreeze domain_fsthaw domain_inject_nmi domain_interface_addresses
  domain_interface_stats domain_managed_save domain_managed_save_remove domain_memory_stats domain_migrate_perform3_params
  domain_migrate_set_max_downtime domain_migrate_start_post_copy domain_open_console domain_reboot domain_rename domain_reset
  domain_resume domain_revert_to_snapshot domain_screenshot domain_send_key domain_set_autostart domain_set_block_io_tune
  domain_set_interface_parameters domain_set_memory_flags domain_set_metadata domain_set_user_password domain_set_vcpus_flags
  domain_shutdown domain_shutdown_flags domain_snapshot_create_xml domain_snapshot_delete domain_suspend domain_undefine_flags
  domain_update_device_flags nwfilter_define_xml nwfilter_undefine secret_define_xml secret_set_value secret_undefine
  storage_pool_build storage_pool_create storage_pool_create_xml storage_pool_define_xml storage_pool_delete storage_pool_destroy
  storage_pool_set_autostart storage_pool_undefine storage_vol_create_xml storage_vol_create_xml_from storage_vol_delete
  storage_vol_download storage_vol_resize storage_vol_upload
`;

describe('what may be repeated, by its name', () => {
  // Whoever adds a call to node-libvirt says here what it is.
  test('is of all calls that there are', () => {
    const calls = Object.values(libvirt as Record<string, unknown>).filter(isCall);
    const names = (wanted: boolean): string[] =>
      calls
        .filter((call) => isRepeatable(call) === wanted)
        .map(({ name }) => name)
        .toSorted();
    expect(names(false)).toEqual(ONCE.trim().split(/\s+/));
    expect(names(true)).toContain('domain_get_state');
  });
});

describe('a patient caller', () => {
  const sent: string[] = [];
  const caller: Caller = {
    call: async ({ name }: Call<unknown, unknown>) => {
      sent.push(name);
      if (sent.length === 1) throw new Error('lost');
      return { name };
    },
    openStream: () => Promise.reject(new Error('no streams here')),
  };
  const twice = async <T>(question: () => Promise<T>): Promise<T> => await question().catch(question);
  const patient = patientCaller(caller, twice);
  const domain = { name: 'web01', uuid: '6e0aeb0e-3b6f-4c5e-8e02-4a3d1f2b0c11', id: -1 };

  const { signal } = new AbortController();

  beforeEach(() => void sent.splice(0));

  test('asks once more for what changes nothing, as long as the operation lasts', async () => {
    await expect(patient.call(connectGetHostname, undefined, { signal })).resolves.toMatchObject({
      name: 'connect_get_hostname',
    });
    expect(sent).toEqual(['connect_get_hostname', 'connect_get_hostname']);
    sent.splice(0);
    const pool = { name: 'zenova', uuid: domain.uuid };
    await expect(patient.call(storagePoolRefresh, { pool }, { signal })).resolves.toBeDefined();
    sent.splice(0);
    await expect(patient.call(connectGetHostname)).rejects.toThrow('lost');
  });

  test('sends what changes something once', async () => {
    await expect(patient.call(domainDestroy, { domain }, { signal })).rejects.toThrow('lost');
    expect(sent).toEqual(['domain_destroy']);
  });
});

function isCall(value: unknown): value is Call<never, unknown> {
  return typeof value === 'object' && value !== null && 'procedure' in value && 'args' in value && 'reply' in value;
}
