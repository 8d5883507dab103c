import { readFileSync } from 'node:fs';
import { DockerfileParser, Copy, From, Healthcheck, JSONInstruction, PropertyInstruction } from 'dockerfile-ast';

/**
 * @typedef {object} Step
 * @property {'RUN'} kind
 * @property {string} command for a shell
 *
 * @typedef {object} CopyStep
 * @property {'COPY'} kind
 * @property {string | null} from another stage; null is the checkout
 * @property {string[]} sources
 * @property {string} destination
 *
 * @typedef {object} Place
 * @property {'WORKDIR'} kind
 * @property {string} directory
 */

/**
 * @typedef {object} Stage
 * @property {string | null} name
 * @property {string} image
 * @property {(Step | CopyStep | Place)[]} steps in order
 * @property {Record<string, string>} env
 * @property {string | null} user
 * @property {string[]} entrypoint
 * @property {string[]} command
 * @property {string[]} healthcheck
 */

/**
 * Reads a container file into stages. An instruction that we cannot carry out is an error, so that none is left out in
 * silence.
 *
 * @param {string} file
 * @returns {Stage[]}
 */
export function readContainerfile(file) {
  const parsed = DockerfileParser.parse(readFileSync(file, 'utf8'));
  /** @type {Stage[]} */
  const stages = [];
  for (const instruction of parsed.getInstructions()) {
    const stage = stages.at(-1);
    const line = instruction.getRange().start.line;
    /** @param {string} text */
    const expanded = (text) =>
      text.replace(/\$\{?(\w+)\}?/g, (whole, name) => parsed.resolveVariable(name, line) ?? whole);
    const keyword = instruction.getKeyword();
    if (instruction instanceof From) {
      stages.push({
        name: instruction.getBuildStage(),
        image: expanded(instruction.getImage() ?? ''),
        steps: [],
        env: {},
        user: null,
        entrypoint: [],
        command: [],
        healthcheck: [],
      });
      continue;
    }
    if (keyword === 'ARG' && stage === undefined) continue; // resolveVariable knows it
    if (stage === undefined) throw new Error(`line ${line + 1}: ${keyword} before the first FROM`);
    const text = instruction.getArgumentsContent() ?? '';
    if (instruction instanceof Copy) {
      const flags = instruction.getFlags();
      const other = flags.find((flag) => flag.getName() !== 'from');
      if (other) throw new Error(`line ${line + 1}: COPY ${other.toString()} is not known here`);
      const paths = instruction.getArguments().map((argument) => expanded(argument.getValue()));
      const destination = paths.pop() ?? '';
      stage.steps.push({
        kind: 'COPY',
        from: instruction.getFromFlag()?.getValue() ?? null,
        sources: paths,
        destination,
      });
    } else if (instruction instanceof Healthcheck) {
      const words = instruction.getRawArgumentsContent() ?? '';
      stage.healthcheck = JSON.parse(words.slice(words.indexOf('CMD') + 3));
    } else if (keyword === 'ENV' && instruction instanceof PropertyInstruction) {
      for (const property of instruction.getProperties())
        stage.env[property.getName()] = expanded(property.getValue() ?? '');
    } else if (keyword === 'RUN') {
      stage.steps.push({ kind: 'RUN', command: text });
    } else if (keyword === 'WORKDIR') {
      stage.steps.push({ kind: 'WORKDIR', directory: expanded(text) });
    } else if (keyword === 'USER') {
      stage.user = text;
    } else if (keyword === 'ENTRYPOINT' && instruction instanceof JSONInstruction) {
      stage.entrypoint = JSON.parse(text);
    } else if (keyword === 'CMD' && instruction instanceof JSONInstruction) {
      stage.command = JSON.parse(text);
    } else if (keyword !== 'LABEL' && keyword !== 'VOLUME') {
      throw new Error(`line ${line + 1}: ${keyword} is not known here`);
    }
  }
  return stages;
}
