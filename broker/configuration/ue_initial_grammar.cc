// UE initial configurations (TS 24.484 clause 7.2.2). As in ue_grammar.cc the large parts are optional; what a part needs to
// mean anything is required.
#include "broker/configuration/document_grammar.h"
#include "broker/configuration/ue_identity_grammar.h"

namespace claviger::configuration {
namespace {

using enum Content;

constexpr AttributeRow kDefaultAttributes[] = {{"User-ID", ValueType::AnyUri, true},
                                               {"user-profile-index", ValueType::Byte, true}};
constexpr TypeRule kDefaultProfile{.attributes = kDefaultAttributes};

constexpr ElementRow kTimerRows[] = {
    {"T100", &kByte}, {"T101", &kByte}, {"T103", &kByte}, {"T104", &kByte}, {"T132", &kByte}};
constexpr TypeRule kTimers{.content = Open, .rows = kTimerRows};
constexpr ElementRow kServiceRows[] = {
    {"MCPTT-to-con-ref", &kText, 1}, {"MC-common-core-to-con-ref", &kText, 1}, {"MC-ID-to-con-ref", &kText, 1}};
constexpr TypeRule kService{.content = Ordered, .rows = kServiceRows};
constexpr AttributeRow kPlmn[] = {{"PLMN", ValueType::Text, true}};
constexpr ElementRow kVplmnRows[] = {{"service", &kService, 1}};
constexpr TypeRule kVplmn{.rows = kVplmnRows, .attributes = kPlmn};
constexpr ElementRow kHplmnRows[] = {{"service", &kService, 1}, {"VPLMN", &kVplmn, 0, kMany}};
constexpr TypeRule kHplmn{.content = Ordered, .rows = kHplmnRows, .attributes = kPlmn};
constexpr ElementRow kTunnelRows[] = {{"mutual-authentication", &kBoolean, 1}, {"x509", &kText}, {"key", &kText}};
constexpr TypeRule kTunnel{.content = Ordered, .rows = kTunnelRows};
constexpr ElementRow kServerRows[] = {{"idms-auth-endpoint", &kAnyUri},
                                      {"idms-token-endpoint", &kAnyUri},
                                      {"http-proxy", &kAnyUri},
                                      {"gms", &kAnyUri},
                                      {"cms", &kAnyUri},
                                      {"kms", &kAnyUri},
                                      {"tls-tunnel-auth-method", &kTunnel}};
constexpr TypeRule kServers{.content = Ordered, .rows = kServerRows};
constexpr ElementRow kOnNetworkRows[] = {{"Timers", &kTimers},
                                         {"HPLMN", &kHplmn},
                                         {"App-Server-Info", &kServers},
                                         {"GMS-URI", &kAnyUri},
                                         {"group-creation-XUI", &kAnyUri},
                                         {"GMS-XCAP-root-URI", &kAnyUri},
                                         {"CMS-XCAP-root-URI", &kAnyUri},
                                         {"integrity-protection-enabled", &kBoolean},
                                         {"confidentiality-protection-enabled", &kBoolean}};
constexpr TypeRule kOnNetwork{.content = Ordered, .rows = kOnNetworkRows};

constexpr ElementRow kOffTimerRows[] = {
    {"TFG1", &kShort},  {"TFG2", &kShort}, {"TFG3", &kShort}, {"TFG4", &kByte},  {"TFG5", &kByte},  {"TFG11", &kShort},
    {"TFG12", &kShort}, {"TFG13", &kByte}, {"TFG14", &kByte}, {"TFP1", &kShort}, {"TFP2", &kByte},  {"TFP3", &kShort},
    {"TFP4", &kShort},  {"TFP5", &kShort}, {"TFP6", &kShort}, {"TFP7", &kByte},  {"TFB1", &kShort}, {"TFB2", &kByte},
    {"TFB3", &kByte},   {"T201", &kShort}, {"T203", &kByte},  {"T204", &kByte},  {"T205", &kByte},  {"T230", &kByte},
    {"T233", &kByte},   {"TFE1", &kShort}, {"TFE2", &kByte}};
constexpr TypeRule kOffTimers{.content = Open, .rows = kOffTimerRows};
constexpr ElementRow kCounterRows[] = {{"CFP1", &kByte}, {"CFP3", &kByte},  {"CFP4", &kByte},
                                       {"CFP6", &kByte}, {"CFG11", &kByte}, {"CFG12", &kByte},
                                       {"C201", &kByte}, {"C204", &kByte},  {"C205", &kByte}};
constexpr TypeRule kCounters{.content = Open, .rows = kCounterRows};
constexpr ElementRow kOffNetworkRows[] = {{"Timers", &kOffTimers}, {"Counters", &kCounters}};
constexpr TypeRule kOffNetwork{.content = Ordered, .rows = kOffNetworkRows};

constexpr ElementRow kRootRows[] = {{"mcptt-UE-id", &kUeId, 0, kMany},
                                    {"name", &kText, 0, kMany},
                                    {"Default-user-profile", &kDefaultProfile, 0, kMany},
                                    {"on-network", &kOnNetwork, 0, kMany},
                                    {"off-network", &kOffNetwork, 0, kMany}};
constexpr AttributeRow kRootAttributes[] = {
    {"domain", ValueType::AnyUri}, {"XUI-URI", ValueType::AnyUri}, {"Instance-ID-URN", ValueType::AnyUri}};
constexpr TypeRule kRoot{.rows = kRootRows, .attributes = kRootAttributes};

}  // namespace

const TypeRule& ue_initial_grammar() { return kRoot; }

}  // namespace claviger::configuration
