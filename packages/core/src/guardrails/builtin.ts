import { authenticity } from './authenticity.js';
import { circuitBreaker } from './breaker.js';
import { freeze, windows } from './calendar.js';
import { ceiling } from './ceiling.js';
import { exceptions } from './exceptions.js';
import { failedCall } from './failed-call.js';
import { fights } from './fights.js';
import { gracePeriod } from './grace.js';
import type { Guardrail } from './guardrail.js';
import { hazards } from './hazards.js';
import { hold } from './hold.js';
import { managedByIac } from './iac.js';
import { killSwitch } from './kill-switch.js';
import { limits } from './limits.js';
import { mode } from './mode.js';
import { promotion } from './promotion.js';
import { refusals } from './refusals.js';
import { replay } from './replay.js';
import { secrets } from './secrets.js';
import { selfEvent } from './self-event.js';
import { settling } from './settling.js';

/** The guardrails that always hold, `freshness` apart, which is made per pass. One's own can only be added. */
export const builtinGuardrails: readonly Guardrail[] = [
  killSwitch,
  authenticity,
  replay,
  failedCall,
  selfEvent,
  mode,
  promotion,
  freeze,
  windows,
  ceiling,
  exceptions,
  managedByIac,
  hazards,
  secrets,
  settling,
  hold,
  fights,
  circuitBreaker,
  refusals,
  limits,
  gracePeriod,
];
