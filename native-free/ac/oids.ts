/** Attribute type of the FQANs: id-voms-ac, values are IetfAttrSyntax (RFC 5755 4.4). */
export const OID_FQANS = '1.3.6.1.4.1.8005.100.100.4'
/** Proxy certificate extension that carries ACs: SEQUENCE { SEQUENCE OF AttributeCertificate }. */
export const OID_AC_SEQUENCE = '1.3.6.1.4.1.8005.100.100.5'
/** AC extension with the AC issuer's certificate first: SEQUENCE { SEQUENCE OF Certificate }. */
export const OID_CERTSEQ = '1.3.6.1.4.1.8005.100.100.10'
/** AC extension with the generic attributes. */
export const OID_FULL_ATTRIBUTES = '1.3.6.1.4.1.8005.100.100.11'
/** RFC 5755 4.3.6. */
export const OID_NO_REV_AVAIL = '2.5.29.56'
/** RFC 5755 4.3.3. */
export const OID_AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'
/** RFC 5755 4.3.2. */
export const OID_TARGET_INFORMATION = '2.5.29.55'

/** The object identifiers above as whole DER values, for encoders and byte comparison. */
export const DER_OID_FQANS = Uint8Array.of(0x06, 0x0a, 0x2b, 6, 1, 4, 1, 0xbe, 0x45, 0x64, 0x64, 4)
export const DER_OID_CERTSEQ = Uint8Array.of(0x06, 0x0a, 0x2b, 6, 1, 4, 1, 0xbe, 0x45, 0x64, 0x64, 10)
export const DER_OID_FULL_ATTRIBUTES = Uint8Array.of(0x06, 0x0a, 0x2b, 6, 1, 4, 1, 0xbe, 0x45, 0x64, 0x64, 11)
export const DER_OID_NO_REV_AVAIL = Uint8Array.of(0x06, 0x03, 0x55, 0x1d, 0x38)
export const DER_OID_AUTHORITY_KEY_IDENTIFIER = Uint8Array.of(0x06, 0x03, 0x55, 0x1d, 0x23)
export const DER_OID_TARGET_INFORMATION = Uint8Array.of(0x06, 0x03, 0x55, 0x1d, 0x37)
