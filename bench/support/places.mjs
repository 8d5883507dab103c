import { execFileSync } from 'node:child_process';
import { Client } from 'pg';

/** Kind of the file system that a directory is on. */
export function fileSystemOf(directory) {
  const [, kind = ''] = execFileSync('df', ['--output=fstype', directory], { encoding: 'utf8' }).split('\n');
  return kind.trim();
}

/** Creates databases on a PostgreSQL, and removes them. */
export class PostgresPlaces {
  #admin;
  #names = [];

  constructor(url) {
    this.url = url;
    this.#admin = new Client({ connectionString: url });
  }

  async connect() {
    await this.#admin.connect();
  }

  async create(name) {
    await this.#admin.query(`create database ${name}`);
    this.#names.push(name);
    const url = new URL(this.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  async setting(name) {
    const { rows } = await this.#admin.query('select current_setting($1) as value', [name]);
    return rows[0].value;
  }

  /** Transactions that a database has committed, as the server counts them: a second late. */
  async commits(name) {
    const { rows } = await this.#admin.query('select xact_commit from pg_stat_database where datname = $1', [name]);
    return Number(rows[0].xact_commit);
  }

  async close() {
    for (const name of this.#names) await this.#admin.query(`drop database ${name} with (force)`);
    await this.#admin.end();
  }
}
