// The only file of this package that imports an SDK client. It is loaded at the first call.
export { ACMClient, DescribeCertificateCommand, ListCertificatesCommand, ListTagsForCertificateCommand } from '@aws-sdk/client-acm';
