export { openPostgres } from './postgres-database.js';
export { postgresFlavour } from './postgres-flavour.js';
export { PostgresSignals } from './postgres-signals.js';
