/** An end that the message explains completely: whoever reads it needs no stack trace. */
export class Stop extends Error {}

/**
 * Runs one of our commands and ends the process with its status.
 *
 * @param {() => Promise<number>} command
 */
export async function main(command) {
  try {
    process.exitCode = await command();
  } catch (error) {
    console.error(error instanceof Stop ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}
