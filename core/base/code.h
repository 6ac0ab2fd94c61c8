// Every reason for a failure that anyone could want to tell apart, in one list.
//
// A code becomes a protocol's answer (OAuth error, HTTP status, Result-Code, SIP status) in one table per protocol,
// at the endpoint. Add a code in the section it belongs to; never reuse one for a second reason.
#pragma once

#include <cstdint>
#include <string_view>

// clang-format off
#define CLAVIGER_CODES(X) \
  /* anywhere */ \
  X(NotFound) X(Conflict) X(Overload) X(DeadlinePassed) X(Cancelled) X(Closed) X(Internal) X(Unsupported) \
  X(TooLarge) X(TooDeep) X(TooMany) X(Empty) X(OutOfRange) X(Duplicate) X(NotPermitted) X(BadValue) X(Truncated) \
  /* files, store */ \
  X(Io) X(NoSpace) X(Corrupt) X(Unreadable) X(PermissionsTooOpen) X(SchemaTooNew) X(SealBroken) \
  /* codec */ \
  X(Base64Invalid) X(HexInvalid) X(Utf8Invalid) X(JsonSyntax) X(JsonDuplicate) X(JsonType) X(JsonMissing) \
  X(FormSyntax) X(FormDuplicate) X(UriSyntax) X(UriRelative) X(UriFragment) \
  /* crypto */ \
  X(KeyType) X(KeyWeak) X(KeyNotOnCurve) X(KeyMalformed) X(KeyPublished) X(SignatureInvalid) X(CryptoFailure) \
  X(PasswordMismatch) X(PasswordHashFormat) X(CertificateInvalid) \
  X(KeyPrivate) X(KeyUse) X(PasswordLength) X(PasswordHashCost) \
  /* net, http */ \
  X(AddressInUse) X(AddressInvalid) X(TlsFailure) X(PeerClosed) X(ProtocolError) X(HeaderTooLarge) X(UriTooLong) \
  X(MethodNotAllowed) X(MediaType) X(Refused) X(Unreachable) \
  /* tokens: RFC 7515, 7519, 8725, 9068, TS 33.180 B.11.2 */ \
  X(TokenTooLong) X(TokenSegments) X(TokenEncoding) X(TokenHeader) X(TokenCritical) X(TokenAlgorithm) \
  X(TokenKeyUnknown) X(TokenKeyMismatch) X(TokenSignature) X(TokenType) X(TokenClaims) X(TokenIssuer) \
  X(TokenAudience) X(TokenExpired) X(TokenNotYetValid) X(TokenIssuedInFuture) X(TokenSubject) X(TokenRevoked) \
  X(TokenBinding) X(TokenScope) X(TokenIdentity) X(TokenReplayed) X(TokenOfAnother) \
  /* configuration */ \
  X(ConfigSyntax) X(ConfigUnknown) X(ConfigMissing) X(ConfigValue) X(ConfigConflict) X(ConfigSandboxOnly) \
  /* identity: users and clients as they are kept */ \
  X(UserUnknown) X(UserDisabled) X(LoginInvalid) X(LoginTaken) X(McIdentityInvalid) X(McIdentityTaken) \
  X(PasswordInvalid) X(ScopeUnknown) \
  X(ClientUnknown) X(ClientDisabled) X(ClientTaken) X(ClientRedirectUri) X(ClientMetadata) X(ClientKeys) \
  /* identity: who calls (RFC 6749 2.3, RFC 7523, RFC 8705) */ \
  X(ClientMissing) X(ClientSecretWrong) X(ClientMethodWrong) X(ClientMethodsSeveral) X(ClientIdDiffers) \
  X(ClientAssertionInvalid) X(ClientCertificateWrong) X(ClientHeaderMalformed) \
  /* identity: requests (RFC 6749, OIDC Core, TS 33.180 B.4) */ \
  X(ParameterMissing) X(ParameterMalformed) X(ParameterRepeated) X(ParameterInQuery) X(RedirectMissing) \
  X(RedirectUnregistered) X(ResponseTypeUnsupported) X(GrantUnsupported) X(GrantNotAllowed) X(ScopeMalformed) \
  X(ScopeNothing) X(ScopeWider) X(TargetUnknown) X(AcrUnsupported) X(LoginRequired) X(RequestObjectRefused) \
  X(RequestUriRefused) X(AuthorizationDetailsRefused) X(AccessDenied) X(AuthorizeClientUnknown) \
  X(MediaTypeUnsupported) \
  /* identity: sign-in, codes, sessions */ \
  X(InteractionInvalid) X(InteractionExpired) X(InteractionUsed) X(InteractionCookie) X(SignInThrottled) \
  X(SignInRefused) X(CodeInvalid) X(CodeExpired) X(CodeReused) X(CodeClient) X(CodeRedirect) X(CodeVerifier) \
  X(RefreshInvalid) X(RefreshReused) X(SessionUnknown) X(SessionEnded) X(BearerMissing) X(BearerSeveral) \
  X(BearerScope) \
  /* identity: authenticators, step-up, consent */ \
  X(AuthenticatorUnknown) X(AuthenticatorTaken) X(AuthenticatorRefused) X(OtpInvalid) X(OtpReplayed) \
  X(WebAuthnInvalid) X(EnrolmentRequired) X(AuthenticationTooWeak) X(InteractionRequired) X(ConsentRequired) \
  X(PskcInvalid) X(PolicyInvalid) \
  /* identity: pushed requests, proof of possession (RFC 9126, RFC 9449) */ \
  X(PushedRequestInvalid) X(PushedRequestRequired) X(DpopMissing) X(DpopInvalid) X(DpopNonce) X(DpopReplayed) \
  /* identity: devices, sign-off */ \
  X(UeUnknown) X(UeTaken) X(UeLost) X(UeOfAnother) X(UeFull) X(SessionsTooMany) X(LogoutHint) X(LogoutRedirect) \
  /* partners: RFC 8693, RFC 7523, TS 33.180 B.7, B.11.3 */ \
  X(PartnerUnknown) X(PartnerDisabled) X(PartnerTaken) X(PartnerInvalid) X(PartnerKeysMissing) X(ExchangeSubject) \
  X(ExchangeTarget) X(ExchangeForbidden) X(AssertionInvalid) X(AssertionReplayed) X(PartnerUserUnknown) \
  /* provisioning: TS 29.549 */ \
  X(ConfigurationUnknown) X(ConfigurationOfAnother) X(AgreementExceeded) \
  /* proxies, key stores */ \
  X(ProxyUntrusted) X(AssertedIdentityRefused) X(KeyStoreFailure) X(KeyStoreMissing) \
  /* ECCSI, SAKKE, MIKEY: RFC 6507, 6508, 6509, TS 33.180 Annex E */ \
  X(PointInvalid) X(ScalarInvalid) X(SskInvalid) X(RskInvalid) X(SakkeInvalid) X(IMessageInvalid) X(KeyWrapInvalid) \
  /* XML of the KMS: TS 33.180 D.2, D.3 */ \
  X(XmlSyntax) X(XmlDoctype) X(XmlTooLarge) X(XmlSchema) X(XmlSignature) \
  /* keys: TS 33.180 clause 5, Annex D */ \
  X(KmsUnknown) X(KmsUriDiffers) X(RequestUrlDiffers) X(RequestTime) X(RequestReplayed) X(RequestUnsigned) \
  X(RequestSignature) X(KeysDenied) X(KeyPeriod) X(KeysRevoked) X(KmsSealed) X(TransportKeyUnknown) \
  X(TransportKeyMissing) X(KmsTaken) X(KmsCertificateInvalid) X(AdmissionUnknown) X(CeremonyShares) X(UriPathInvalid) \
  /* keys: SEAL, CAPIF: TS 33.434, TS 29.549, TS 33.122 */ \
  X(ServiceUnknown) X(ServiceKeyUnknown) X(ServiceKeyDenied) X(ServiceKeyRevoked) X(SKeyProvMissing) \
  X(InvokerUnknown) X(InvokerRevoked) X(InvokerDiffers) X(CapifScope) X(AcceptExcludes) \
  /* keys: KMS to KMS, SEAL-X1 */ \
  X(KmsPeerUnknown) X(KmsPeerTaken) X(GroupServerUnknown) X(GroupServerTaken) X(SecurityInformationElsewhere) \
  /* Diameter: RFC 6733 5, 6, 7 */ \
  X(DiameterLength) X(DiameterVersion) X(DiameterHeaderBits) X(DiameterMessageLength) X(CommandUnknown) \
  X(ApplicationUnknown) X(AvpUnknown) X(AvpFlags) X(AvpFlagsNotAllowed) X(AvpLength) X(AvpValue) X(AvpMissing) \
  X(AvpNotAllowed) X(AvpTooMany) X(DestinationUnknown) X(RealmUnknown) X(RoutingLoop) X(RouteRefused) X(PeerUnknown) \
  X(PeerTaken) X(PeerIdentity) X(ApplicationsDiffer) X(SecurityDiffers) X(ElectionLost) X(PeerBusy) \
  /* AKA: TS 33.102, RFC 3310 */ \
  X(AutsInvalid) X(SequenceExhausted) X(AkaRefused) X(AkaSynchronisation) X(AkaThrottled) \
  /* subscriber: TS 29.228, TS 29.229 */ \
  X(SubscriberUnknown) X(SubscriberTaken) X(SubscriberInvalid) X(SubscriberDisabled) X(PublicIdentityUnknown) \
  X(IdentitiesDiffer) X(IdentityNotRegistered) X(IdentityRegistered) X(RoamingNotAllowed) X(AuthenticationScheme) \
  X(AssignmentType) X(ServerNameDiffers) X(AkaKeyInvalid) \
  /* migration: TS 23.280 10.6.2, 10.6.3 */ \
  X(AgreementUnknown) X(AgreementTaken) X(AgreementInvalid) X(AgreementEnded) X(BindingUnknown) X(BindingTaken) \
  X(BindingInvalid) X(BindingInactive) X(BindingVersion) X(MigrationNotAllowed) X(MigrationQuota) X(SystemUnknown) \
  X(IdentitiesExhausted) X(AnswerDiffers) X(GrantInvalid) X(ServiceIdNotListed) \
  /* SIP: RFC 3261, 3903, 6665 */ \
  X(SipSyntax) X(SipVersion) X(SipHeaderMissing) X(SipHeaderRepeated) X(SipUri) X(SipTooManyHops) X(SipLoop) \
  X(TransactionUnknown) X(DialogUnknown) X(EventUnsupported) X(IntervalTooBrief) X(ContentUnsupported) \
  X(ExtensionRequired) X(EntityTagUnknown) X(RequestSequence) \
  /* registration: TS 24.379, 24.281, 24.282 */ \
  X(RegistrationUnknown) X(RegistrationEnded) X(ServiceUndefined) X(ServiceNotAuthorised) X(PublicationUnknown) \
  X(SubscriptionUnknown) X(CskMissing) X(CskInvalid) X(XmlEncryption) X(BindingDiffers) \
  /* configuration: TS 24.484, 24.546, RFC 4825 */ \
  X(ProfileUnknown) X(ProfileInvalid) X(ProfileOfAnother) X(DocumentUnknown) X(DocumentInvalid) X(XcapSelector) \
  X(XcapNoParent) X(XcapCannotInsert) X(XcapCannotDelete) X(XcapConstraint) X(XcapUniqueness) X(XcapUtf8) \
  X(EntityTagDiffers) X(EntityTagMatches) X(TemplateUnknown) \
  /* administration: TS 23.280 10.17 */ \
  X(SetupUnknown) X(SetupDecided) X(SetupListTooLong) X(IdempotencyKeyMissing) X(IdempotencyKeyReused) \
  X(AcmClientUnknown) X(AcmClientTaken) X(AcmNotAuthorised) X(AcmPartnerUnknown) X(AcmQuota)
// clang-format on

namespace claviger {

enum class Code : std::uint16_t {
#define CLAVIGER_CODE_ENUMERATOR(name) name,
  CLAVIGER_CODES(CLAVIGER_CODE_ENUMERATOR)
#undef CLAVIGER_CODE_ENUMERATOR
};

// The enumerator's name, for logs, metrics and tests.
constexpr std::string_view name_of(Code code) {
  switch (code) {
#define CLAVIGER_CODE_NAME(name) \
  case Code::name:               \
    return #name;
    CLAVIGER_CODES(CLAVIGER_CODE_NAME)
#undef CLAVIGER_CODE_NAME
  }
  return "?";
}

}  // namespace claviger
