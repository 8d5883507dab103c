// What chance would meet too seldom: each scenario brings about, on purpose, the moment that one rule is for. They play
// one after the other while nothing else goes on, on partitions of their own.
import { backPressure } from './back-pressure.mjs';
import { crossing } from './crossing.mjs';
import { deadLetters } from './dead-letters.mjs';
import { forsaken } from './forsaken.mjs';
import { frozen } from './frozen.mjs';
import { killed } from './killed.mjs';
import { late } from './late.mjs';
import { lostAnswers } from './lost-answers.mjs';
import { overtaken } from './overtaken.mjs';
import { parents } from './parents.mjs';
import { preempt } from './preempt.mjs';
import { reads } from './reads.mjs';
import { replies } from './replies.mjs';
import { shutdown } from './shutdown.mjs';
import { stale } from './stale.mjs';
import { turns } from './turns.mjs';

export const scenarios = {
  replies,
  turns,
  preempt,
  reads,
  lostAnswers,
  killed,
  stale,
  forsaken,
  frozen,
  late,
  overtaken,
  crossing,
  parents,
  deadLetters,
  backPressure,
  shutdown,
};
