// What chance would meet too seldom: each scenario brings about, on purpose, the moment that one rule is for. They play
// one after the other while nothing else goes on, on partitions of their own.
import { backPressure } from './back-pressure.mjs';
import { frozen } from './frozen.mjs';
import { killed } from './killed.mjs';
import { late } from './late.mjs';
import { lostAnswers } from './lost-answers.mjs';
import { reads } from './reads.mjs';
import { replies } from './replies.mjs';
import { shutdown } from './shutdown.mjs';
import { stale } from './stale.mjs';
import { turns } from './turns.mjs';

/** Those on the HMC come first: what a step of the slower `fake` driver may take makes every takeover after it wait longer. */
export const scenarios = { replies, turns, reads, lostAnswers, killed, stale, frozen, late, backPressure, shutdown };
