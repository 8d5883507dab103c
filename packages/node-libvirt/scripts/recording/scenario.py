"""Makes each call of libvirt's API that node-libvirt has a layout for, once, with arguments that differ from each other.

scenario.py SOCKET QEMU_PATH: a libvirtd's socket, and what comes after qemu:/// for its QEMU driver.
Prints what was answered, so that layouts can be held against it by eye.
"""

import os
import sys
import tempfile
import threading
import time

import libvirt
import libvirt_qemu

SOCKET, QEMU_PATH = sys.argv[1:]
DIRECTORY = tempfile.mkdtemp(dir=os.path.dirname(SOCKET))
GUEST_UUID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


def say(name, function, *args):
    """Makes a call and prints its outcome; a refusal is a recording too."""
    try:
        answer = function(*args)
    except libvirt.libvirtError as error:
        print(name, "refused:", error.get_error_code(), error)
        return None
    print(name, "->", str(answer)[:300].replace("\n", " "))
    return answer


def watch_events(connection, seen):
    """Returns what ends it: callbacks hold their connection open."""
    kinds = {
        "LIFECYCLE": libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
        "REBOOT": libvirt.VIR_DOMAIN_EVENT_ID_REBOOT,
        "DEVICE_ADDED": libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED,
        "DEVICE_REMOVED": libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
        "DEVICE_REMOVAL_FAILED": libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED,
        "JOB_COMPLETED": libvirt.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED,
        "AGENT_LIFECYCLE": libvirt.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE,
        "MIGRATION_ITERATION": libvirt.VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION,
    }
    numbers = []
    for name, kind in kinds.items():
        def callback(connection, domain, *details, name=name):
            seen.append(name)
            print("event", name, domain.name(), details)

        numbers.append(connection.domainEventRegisterAny(None, kind, callback, None))
    return lambda: [connection.domainEventDeregisterAny(number) for number in numbers]


def wait_for(seen, name, seconds=20):
    ends = time.monotonic() + seconds
    while name not in seen:
        if time.monotonic() > ends:
            print("event", name, "did not come")
            return
        time.sleep(0.05)


def on_test_driver():
    connection = libvirt.open(f"test+unix:///default?socket={SOCKET}")
    stop_watching = watch_events(connection, [])
    say("type", connection.getType)
    say("hostname", connection.getHostname)
    say("version", connection.getVersion)
    say("lib version", connection.getLibVersion)
    say("capabilities", connection.getCapabilities)
    say("free memory", connection.getFreeMemory)
    say("sysinfo", connection.getSysinfo)

    xml = f"""<domain type='test'><name>guest</name><uuid>{GUEST_UUID}</uuid><memory>8192</memory>
      <currentMemory>4096</currentMemory><vcpu current='1'>2</vcpu><os><type>hvm</type></os><devices>
      <disk type='file' device='disk'><source file='/guest.img'/><target dev='vda' bus='virtio'/></disk>
      <interface type='network'><mac address='52:54:00:01:02:03'/><source network='default'/><target dev='testnet0'/></interface>
      </devices></domain>"""
    domain = say("define", connection.defineXMLFlags, xml, 1)
    say("list", connection.listAllDomains, 0)
    say("lookup by name", connection.lookupByName, "guest")
    say("lookup by uuid", connection.lookupByUUIDString, GUEST_UUID)
    say("state", domain.state)
    say("create", domain.create)
    say("lookup by id", connection.lookupByID, domain.ID())
    say("info", domain.info)
    say("xml", domain.XMLDesc, 2)
    say("is active", domain.isActive)
    say("is persistent", domain.isPersistent)
    say("set autostart", domain.setAutostart, 1)
    say("autostart", domain.autostart)
    say("block info", domain.blockInfo, "vda")
    say("block stats", domain.blockStats, "vda")
    say("interface stats", domain.interfaceStats, "testnet0")
    say("interface addresses", domain.interfaceAddresses, 1)
    say("stats of all", connection.getAllDomainStats, 1, 16)
    say("stats of one", connection.domainListGetStats, [domain], 1, 0)
    say("set metadata", domain.setMetadata, 2, "<tag/>", "key", "http://example.org/1", 2)
    say("metadata", domain.metadata, 2, "http://example.org/1", 2)
    say("suspend", domain.suspend)
    say("resume", domain.resume)
    say("reset", domain.reset)
    say("send key", domain.sendKey, 1, 70, [28, 29, 30], 3)
    say("inject nmi", domain.injectNMI)
    say("core dump", domain.coreDump, f"{DIRECTORY}/dump", 0)
    say("set vcpus", domain.setVcpusFlags, 2, 1)
    say("vcpus", domain.vcpusFlags, 1)
    say("set memory", domain.setMemoryFlags, 4096, 2)
    say("max memory", domain.maxMemory)
    say("set user password", domain.setUserPassword, "user", "password of the user", 0)
    say("freeze", domain.fsFreeze, ["/", "/boot"], 0)
    say("thaw", domain.fsThaw, ["/", "/boot"], 0)
    say("interface parameters", domain.setInterfaceParameters, "testnet0", {"inbound.average": 100}, 2)
    stream = connection.newStream()
    say("screenshot", domain.screenshot, stream, 0)
    stream.abort()

    snapshot = say("snapshot", domain.snapshotCreateXML, "<domainsnapshot><name>before</name></domainsnapshot>", 0)
    say("snapshots", domain.listAllSnapshots, 0)
    say("snapshot by name", domain.snapshotLookupByName, "before")
    say("snapshot xml", snapshot.getXMLDesc, 0)
    say("revert", domain.revertToSnapshot, snapshot, 1)
    say("delete snapshot", snapshot.delete, 0)

    say("managed save", domain.managedSave, 2)
    say("has managed save", domain.hasManagedSaveImage)
    say("remove managed save", domain.managedSaveRemove)
    say("create", domain.create)
    say("reboot", domain.reboot, 1)
    say("shutdown", domain.shutdown)
    say("create", domain.create)
    say("shutdown with flags", domain.shutdownFlags, 0)
    say("create", domain.create)
    say("destroy with flags", domain.destroyFlags, 1)
    say("create", domain.create)
    say("destroy", domain.destroy)
    say("rename", domain.rename, "renamed")
    say("undefine", domain.undefineFlags, 1)
    say("create xml", connection.createXML, xml.replace("<name>guest", "<name>passing").replace("0f1e", "1f1e"), 0)

    say("networks", connection.listAllNetworks, 0)
    network = say("network by name", connection.networkLookupByName, "default")
    say("network by uuid", connection.networkLookupByUUIDString, network.UUIDString())
    say("network xml", network.XMLDesc, 0)
    say("network is active", network.isActive)
    stop_watching()


def on_storage(connection):
    directory = f"{DIRECTORY}/pool"
    xml = f"<pool type='dir'><name>images</name><uuid>{GUEST_UUID}</uuid><target><path>{directory}</path></target></pool>"
    pool = say("define pool", connection.storagePoolDefineXML, xml)
    say("build pool", pool.build, 0)
    say("create pool", pool.create, 0)
    say("pools", connection.listAllStoragePools, 0)
    say("pool by name", connection.storagePoolLookupByName, "images")
    say("pool by uuid", connection.storagePoolLookupByUUIDString, GUEST_UUID)
    say("pool by path", connection.storagePoolLookupByTargetPath, directory)
    say("pool info", pool.info)
    say("pool xml", pool.XMLDesc, 0)
    say("pool is active", pool.isActive)
    say("pool autostart", pool.setAutostart, 0)
    volume_xml = "<volume><name>{}</name><capacity>4096</capacity><allocation>0</allocation><target><format type='raw'/></target></volume>"
    volume = say("create volume", pool.createXML, volume_xml.format("one"), 0)
    say("refresh pool", pool.refresh)
    say("volumes", pool.listAllVolumes, 0)
    say("volume by name", pool.storageVolLookupByName, "one")
    say("volume by path", connection.storageVolLookupByPath, volume.path())
    say("volume info", volume.info)
    say("volume xml", volume.XMLDesc, 0)
    up = connection.newStream()
    say("upload", volume.upload, up, 16, 20, 0)
    up.send(b"twenty bytes go up!!")
    up.finish()
    down = connection.newStream()
    say("download", volume.download, down, 16, 20, 0)
    print("downloaded", down.recv(1000), down.recv(1000))
    down.finish()
    copy = say("create volume from", pool.createXMLFrom, volume_xml.format("two"), volume, 0)
    say("resize volume", volume.resize, 8192, 0)
    say("delete volume", copy.delete, 0)
    volume.delete(0)
    say("destroy pool", pool.destroy)
    say("delete pool", pool.delete, 0)
    say("undefine pool", pool.undefine)
    os.mkdir(directory)
    passing = say("create pool xml", connection.storagePoolCreateXML, xml, 0)
    passing.destroy()


def on_qemu():
    connection = libvirt.open(f"qemu+unix:///{QEMU_PATH}?socket={SOCKET}")
    seen = []
    stop_watching = watch_events(connection, seen)
    say("node info", connection.getInfo)
    say("domain capabilities", connection.getDomainCapabilities, None, "x86_64", "q35", "qemu", 0)
    say("compare cpu", connection.compareHypervisorCPU, None, "x86_64", "q35", "qemu", "<cpu><model>qemu64</model></cpu>", 0)
    models = [f"<cpu><model>{model}</model></cpu>" for model in ("Penryn", "qemu64")]
    say("baseline cpu", connection.baselineHypervisorCPU, None, "x86_64", "q35", "qemu", models, 1)
    on_storage(connection)
    loopback = say("interface by name", connection.interfaceLookupByName, "lo")
    say("interface xml", loopback.XMLDesc, 0)
    devices = say("node devices", connection.listAllDevices, libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM)
    say("node device xml", devices[0].XMLDesc, 0)

    say("define filter", connection.nwfilterDefineXML, f"<filter name='closed' chain='root'><uuid>{GUEST_UUID}</uuid></filter>")
    say("filters", connection.listAllNWFilters, 0)
    filter_ = say("filter by name", connection.nwfilterLookupByName, "closed")
    say("filter by uuid", connection.nwfilterLookupByUUIDString, GUEST_UUID)
    say("filter xml", filter_.XMLDesc, 0)
    say("undefine filter", filter_.undefine)

    secret = say(
        "define secret",
        connection.secretDefineXML,
        f"<secret ephemeral='no' private='no'><uuid>{GUEST_UUID}</uuid><usage type='iscsi'><target>target</target></usage></secret>",
        0,
    )
    say("secret by uuid", connection.secretLookupByUUIDString, GUEST_UUID)
    say("list secrets", connection.listAllSecrets, 0)
    say("secret by usage", connection.secretLookupByUsage, 3, "target")
    say("set secret", secret.setValue, b"secret value", 0)
    say("value of secret", secret.value, 0)
    say("undefine secret", secret.undefine)

    for name in ("disk", "copy"):
        with open(f"{DIRECTORY}/{name}.img", "wb") as image:
            image.truncate(1 << 20)
    xml = f"""<domain type='qemu'><name>guest</name><uuid>{GUEST_UUID}</uuid><memory>65536</memory><vcpu current='1'>2</vcpu>
      <os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
      <controller type='pci' model='pcie-root'/><controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/>
      <controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/><controller type='usb' model='qemu-xhci'/>
      <disk type='file'><driver name='qemu' type='raw'/><source file='{DIRECTORY}/disk.img'/><target dev='vda' bus='virtio'/></disk>
      <disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target dev='sda' bus='sata'/></disk>
      <console type='pty'/>
      <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
      </devices></domain>"""
    domain = say("define", connection.defineXML, xml)
    say("create", domain.createWithFlags, 1)
    say("resume", domain.resume)
    device = "<input type='tablet' bus='usb'><alias name='ua-tablet'/></input>"
    say("attach device", domain.attachDeviceFlags, device, 1)
    wait_for(seen, "DEVICE_ADDED")
    say("detach device", domain.detachDeviceFlags, device, 1)
    wait_for(seen, "DEVICE_REMOVED")
    seen.clear()
    say("attach device", domain.attachDeviceFlags, device, 1)
    wait_for(seen, "DEVICE_ADDED")
    say("detach alias", domain.detachDeviceAlias, "ua-tablet", 1)
    wait_for(seen, "DEVICE_REMOVED")
    medium = f"<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='{DIRECTORY}/copy.img'/><target dev='sda' bus='sata'/></disk>"
    say("update device", domain.updateDeviceFlags, medium, 1)
    say("update device", domain.updateDeviceFlags, medium.replace(f"<source file='{DIRECTORY}/copy.img'/>", ""), 1)
    say("memory stats", domain.memoryStats)
    say("io tune", domain.setBlockIoTune, "vda", {"total_bytes_sec": 1 << 30, "total_iops_sec": 500}, 1)
    destination = f"<disk type='file'><source file='{DIRECTORY}/copy.img'/><driver type='raw'/></disk>"
    say("block copy", domain.blockCopy, "vda", destination, {"bandwidth": 1 << 20, "granularity": 65536}, 6)
    say("block job info", domain.blockJobInfo, "vda", 0)
    say("block job abort", domain.blockJobAbort, "vda", 0)
    say("block resize", domain.blockResize, "vda", 2 << 20, 1)
    say("reset", domain.reset)
    wait_for(seen, "REBOOT")
    say("agent command", libvirt_qemu.qemuAgentCommand, domain, '{"execute":"guest-ping"}', 2, 0)
    stream = connection.newStream(0)
    say("open console", domain.openConsole, None, stream, 1)
    stream.send(b"typed")
    stream.abort()
    stand_in = f"<disk name='vda' type='file'><scratch file='{DIRECTORY}/scratch.img'/></disk>"
    backup = f"<domainbackup mode='pull'><server transport='unix' socket='{DIRECTORY}/backup'/><disks>{stand_in}</disks></domainbackup>"
    say("backup to read from", domain.backupBegin, backup, None, 0)
    say("backup xml", domain.backupGetXMLDesc, 0)
    say("job info", domain.jobInfo)
    say("job stats", domain.jobStats, 0)
    say("abort job", domain.abortJob)
    wait_for(seen, "JOB_COMPLETED")
    seen.clear()
    say("max downtime", domain.migrateSetMaxDowntime, 300, 0)
    say("post copy", domain.migrateStartPostCopy, 0)
    parameters = {"destination_name": "moved", "bandwidth": 100}
    say("migrate", domain.migrateToURI3, "qemu+unix:///system?socket=/nowhere", parameters, 1 | 2)
    say("core dump with format", domain.coreDumpWithFormat, f"{DIRECTORY}/memory", 1, 16)
    target = f"<disk name='vda' type='file'><target file='{DIRECTORY}/more.img'/><driver type='raw'/></disk>"
    say("backup", domain.backupBegin, f"<domainbackup><disks>{target}</disks></domainbackup>", None, 0)
    wait_for(seen, "JOB_COMPLETED")
    layer = f"<domainsnapshot><disks><disk name='vda' snapshot='external'><source file='{DIRECTORY}/layer.img'/></disk></disks></domainsnapshot>"
    say("snapshot of disks", domain.snapshotCreateXML, layer, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA)
    say("block commit", domain.blockCommit, "vda", None, None, 7, libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE)
    say("block job abort", domain.blockJobAbort, "vda", 0)
    say("managed save", domain.managedSave, 0)
    wait_for(seen, "MIGRATION_ITERATION")
    say("remove managed save", domain.managedSaveRemove)
    say("undefine", domain.undefine)
    stop_watching()


def main():
    libvirt.registerErrorHandler(lambda *_: None, None)
    libvirt.virEventRegisterDefaultImpl()

    def loop():
        while True:
            libvirt.virEventRunDefaultImpl()

    threading.Thread(target=loop, daemon=True).start()
    on_test_driver()
    on_qemu()


main()
