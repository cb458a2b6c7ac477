/**
 * Records in standard formats: OCSF events and OSCAL documents. Pure: the same records give the same bytes.
 *
 * @packageDocumentation
 */

export type { Conclusion } from './formats/conclusions.js';
export { ocsfEvents } from './formats/ocsf.js';
export { type Assessed, type Assessment, assess, type OscalDocument, type OscalSource, oscalAssessmentResults, oscalPoam, tokenOf } from './formats/oscal.js';
export { FormatsReading } from './formats/reading.js';
export { uuidOf } from './formats/uuid.js';
