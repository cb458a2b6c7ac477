/**
 * Records in the formats of others: events of OCSF, documents of OSCAL. Pure, and the same records give the same bytes.
 *
 * @packageDocumentation
 */
export { ocsfEvents } from './formats/ocsf.js';
export { type OscalDocument, type OscalSource, oscalAssessmentResults, oscalPoam, tokenOf } from './formats/oscal.js';
export { uuidOf } from './formats/uuid.js';
