export type { AuditEvent, AuditFact, AuditLog } from './audit.js';
export type { BreakerKey, BreakerStore, OpenBreaker } from './breaker.js';
export { ANONYMOUS, claimedCaller, httpCaller, isVouched } from './caller.js';
export { STEP_CHECKPOINT, type CallContext, type Checkpoint, type OperationContext, type Step } from './context.js';
export { createdOf, noteCreated } from './created.js';
export type { ConsoleType } from './description/console.js';
export type { Flavor } from './description/flavor.js';
export {
  ImageSchema,
  ImageSourceSchema,
  type Image,
  type ImageDestination,
  type ImageSource,
} from './description/image.js';
export type { Boot, GuestFile } from './description/instance.js';
export type { FirewallRule, Network } from './description/network.js';
export type { DiskLimits, Volume } from './description/volume.js';
export * from './fields.js';
export type { Freshness } from './freshness.js';
export { isLeaseLost, leaseLost } from './lease-lost.js';
export { inMaintenance } from './maintenance.js';
export type { MethodDefinition, MethodKind } from './method.js';
export {
  METHODS,
  METHOD_NAMES,
  isMethodName,
  type MethodName,
  type MethodNameOfKind,
  type MethodParams,
  type MethodProgress,
  type MethodResult,
} from './methods/index.js';
export { type MachineStatus, type MachineView } from './methods/machine.js';
export type { QueryResult } from './methods/power.js';
export { OperationSchema, type OperationView } from './methods/operation.js';
export type {
  Answering,
  ChangeOperation,
  ChangeResult,
  OperationParams,
  StatelessResult,
} from './operations/change.js';
export type {
  ConsoleAccess,
  ConsoleLog,
  ConsoleOperations,
  GuestOperations,
  NetworkOperations,
} from './operations/guest.js';
export type {
  AdviceOperations,
  Devices,
  Diagnostics,
  HostCheck,
  HostInfo,
  InfoOptions,
  InstanceInfo,
  InstanceSummary,
  InventoryOperations,
  Requirement,
} from './operations/inventory.js';
export {
  noObserver,
  type AttemptWatch,
  type ObservedAttempt,
  type ObservedPlace,
  type Observer,
  type SweepWatch,
} from './observer.js';
export type { Evacuation, HostSwitch, HostTarget } from './operations/host.js';
export type { LifecycleOperations, ProvisioningOperations } from './operations/lifecycle.js';
export { DEFAULT_SOFT_OFF_S } from './operations/power.js';
export type {
  BootDeviceParams,
  GentlePowerOperations,
  PowerOperations,
  RebootOperation,
  RebootParams,
  SoftOffParams,
} from './operations/power.js';
export type { ImageOperations, StorageOperations } from './operations/storage.js';
export type { ControlAnswer, ControlOperation, MigrationOperations, Relocation } from './operations/relocation.js';
export {
  chassisProbe,
  definePowerType,
  type AnyChassisProbe,
  type AnyPowerType,
  type AnyPowerTypeConnection,
  type FoundMachine,
  type PowerChangeName,
  type PowerDeclaration,
  type PowerMachine,
  type PowerParameter,
  type PowerType,
  type PowerVerbName,
  type PowerVerbs,
  type QueriedState,
} from './power-type.js';
export type { Place } from './place.js';
export type { PlannedStep, Reconciliation } from './reconciliation.js';
export {
  REQUEST_GATEWAY,
  correlationOf,
  logFailure,
  traceField,
  type EventPublisher,
  type EventSight,
  type Outcome,
  type ReplyAddress,
  type ReplySender,
  type RequestGateway,
  type RequestMeta,
  type ServiceEvent,
} from './request.js';
export type { Images, ObtainedImage, PutImage } from './images.js';
export { CONSOLE_PATH, type ConsoleOffer, type ConsoleOffers, type OpenConsole } from './consoles.js';
export { SEED_FILES, SEED_PATH, type SeedContent, type SeedFile, type SeedOffer, type Seeds } from './seeds.js';
export { INSTANCE_ORIGINS, type InstanceOrigin, type Target } from './target.js';
export {
  defineVirtDriver,
  type AnyOperations,
  type AnyVirtDriver,
  type AskedChange,
  type ChangeOperationName,
  type ComputeDeclaration,
  type DriverPorts,
  type OperationsOf,
  type SeenInstance,
  type VirtDriver,
  type VirtHost,
} from './virt-driver.js';
export {
  offerVerbs,
  offerWorks,
  type ChangeParams,
  type OfferedWorks,
  type OperationWork,
  type OperationWorks,
} from './work.js';
