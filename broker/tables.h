// The tables of the broker: one list, so that a reader sees at once all that persists.
//
// Keys are built with broker/record_key.h and start with the tenant, except where the line says "installation".
#pragma once

#include <vector>

#include "storage/table.h"

namespace claviger::broker {

namespace tables {
using storage::TableId;
inline constexpr TableId kTenants{0};      // installation: tenant -> Tenant
inline constexpr TableId kSigningKeys{1};  // tenant, kid -> SigningKeyRecord (private part sealed)
inline constexpr TableId kDataKeys{2};     // installation: id -> wrapped data key (storage/sealing.h)
inline constexpr TableId kUsers{3};        // tenant, sub -> User
inline constexpr TableId kLogins{4};       // tenant, canonical login name -> sub (unique)
inline constexpr TableId kMcIdentities{
    5};                                // installation: kind, identity -> tenant, sub; never erased: never reassigned
inline constexpr TableId kClients{6};  // tenant, client_id -> Client
inline constexpr TableId kCodes{7};    // tenant, SHA-256(code) -> AuthorizationCode
inline constexpr TableId kInteractions{8};     // tenant, interaction's id: sign-in interactions that were used
inline constexpr TableId kSessions{9};         // tenant, sid -> Session
inline constexpr TableId kUserSessions{10};    // tenant, sub, sid: sessions of a user
inline constexpr TableId kRevocations{11};     // tenant, kind, id -> Revocation; fed to verifiers
inline constexpr TableId kAssertions{12};      // tenant, client, digest of the jti: assertions that were used (replay)
inline constexpr TableId kOutbox{13};          // due time, id -> what must still happen (storage/outbox.h)
inline constexpr TableId kInstallation{14};    // installation: name -> secrets and facts of this installation
inline constexpr TableId kAuthenticators{15};  // tenant, sub, kind, id -> Authenticator (secrets sealed)
inline constexpr TableId kCredentialIds{16};   // tenant, kind, credential id -> sub: one user a credential
inline constexpr TableId kPushedRequests{17};  // tenant, SHA-256(request_uri) -> PushedRequest (RFC 9126)
inline constexpr TableId kConsents{18};        // tenant, sub, client_id -> scopes the user consented to
inline constexpr TableId kUes{19};             // tenant, ue_id -> Ue
inline constexpr TableId kUeSessions{20};      // tenant, ue_id, sid: sessions on a UE
inline constexpr TableId kPartners{21};        // tenant, name -> Partner
inline constexpr TableId kPartnerUsers{22};    // tenant, partner, primary sub -> sub here; who was set up
inline constexpr TableId kPartnerTokens{23};   // tenant, partner, jti: security tokens that were used (replay)
inline constexpr TableId kValConfigurations{24};  // tenant, confId -> VALServicesConfig (TS 29.549)
inline constexpr TableId kValIdentities{25};      // tenant, kind, VAL user or UE ID, service, confId
inline constexpr TableId kKmsDomains{26};         // tenant, KMS URI -> the domain's parameters and secrets (sealed)
inline constexpr TableId kKmsUserKeys{27};        // tenant, period, user URI -> key set (sealed): pre-issued or issued
inline constexpr TableId kKmsTransportKeys{28};   // tenant, user URI, key id -> TrK or InK (sealed)
inline constexpr TableId kKmsCertificates{29};    // tenant, KMS URI -> KMS certificate of the cache, own and External
inline constexpr TableId kKmsRequests{30};        // process, shard, number -> signed requests that were served (replay)
inline constexpr TableId kKmsUsers{31};           // tenant, user URI -> revocation, policy, migration and external KMSs
inline constexpr TableId kKmsJobs{32};            // tenant, job -> where pre-issue stands
inline constexpr TableId kKmsReports{33};         // tenant, time, id -> KRR that a client uploaded
inline constexpr TableId kServiceKeys{34};        // tenant, VAL service, target, generation -> key (sealed)
inline constexpr TableId kCapifInvokers{35};      // tenant, API invoker, API -> revoked at
inline constexpr TableId kGroupServers{36};       // tenant, group management server -> its identity and certificate
inline constexpr TableId kKmsPeers{37};           // tenant, peer KMS -> how it is reached, what is shared with it
inline constexpr TableId kSubscribers{38};        // tenant, IMPI -> Subscriber (K, OPc or TOPc sealed)
inline constexpr TableId kPublicIdentities{39};   // tenant, IMPU -> IMPI
inline constexpr TableId kSequences{40};      // tenant -> SQN values of the AuC that are reserved ahead (subscriber/)
inline constexpr TableId kServerNames{41};    // due time, id -> RTR and PPR that are owed to S-CSCFs (TS 29.228)
inline constexpr TableId kDiameterPeers{42};  // installation: Diameter identity -> peer admitted by an operator
inline constexpr TableId kAgreements{43};     // tenant, MC system ID -> Agreement
inline constexpr TableId kMigrationBindings{44};  // tenant, partner IMPI -> Binding
inline constexpr TableId kBindingIdentities{
    45};                                        // tenant, kind, identity -> partner IMPI: unique identities of bindings
inline constexpr TableId kMigrationPools{46};   // tenant, system -> SIP identities to allocate to migrants
inline constexpr TableId kMigrationStates{47};  // tenant, identity -> what is registered where (S-CSCF, RTR)
inline constexpr TableId kMigrationServices{48};      // tenant, home system, MC service ID -> may migrate here, until
inline constexpr TableId kRegistrations{49};          // tenant, public identity, instance, service -> SIP registration
inline constexpr TableId kPublications{50};           // tenant, entity tag -> publication of service settings
inline constexpr TableId kSubscriptions{51};          // tenant, resource, dialog -> subscription and its dialog
inline constexpr TableId kServiceStates{52};          // tenant, MC service ID, client -> service state
inline constexpr TableId kClientServerKeys{53};       // tenant, user, client -> CSKs that he uploaded (sealed)
inline constexpr TableId kDocuments{54};              // tenant, XCAP path -> document and its entity tag
inline constexpr TableId kDocumentHistory{55};        // tenant, XCAP path, time -> who changed what
inline constexpr TableId kDocumentSubscriptions{56};  // tenant, dialog -> xcap-diff subscription and its dialog
inline constexpr TableId kAcmClients{57};             // tenant, ACM client -> for whom, at which partners
inline constexpr TableId kAcmSetups{58};   // tenant, request -> MC service user setup, as asked and as it stands
inline constexpr TableId kAcmUsers{59};    // tenant, request, MC ID -> result per user and partner
inline constexpr TableId kAcmJournal{60};  // tenant, peer, idempotency key -> answer that was given
}  // namespace tables

// In the order of the ids above.
std::vector<storage::TableOptions> table_options();

}  // namespace claviger::broker
