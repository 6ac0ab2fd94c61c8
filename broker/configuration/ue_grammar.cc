// UE configurations of MCPTT, MCVideo and MCData (TS 24.484 clauses 8.2.2, 9.2.2, 10.2.2). The rows have the names of all.
//
// The parts of the root are optional here and required in the schema, its domain too: a configuration is often set up with
// the little that an operator wants to change.
#include "broker/configuration/document_grammar.h"
#include "broker/configuration/ue_identity_grammar.h"

namespace claviger::configuration {
namespace {

using enum Content;

constexpr ElementRow kPrivateCallRows[] = {{"Max-Simul-Call-N10", &kPositive}, {"Max-Simul-Call-Nc10", &kPositive}};
constexpr TypeRule kPrivateCall{.content = Open, .rows = kPrivateCallRows};
constexpr ElementRow kPriorityRows[] = {{"MCPTT-Group-ID", &kUri},
                                        {"MCVIDEO-Group-ID", &kUri},
                                        {"MCData-Group-ID", &kUri},
                                        {"group-priority-hierarchy", &kCount, 1}};
constexpr TypeRule kPriority{.rows = kPriorityRows};
constexpr ElementRow kPrioritizedRows[] = {{"MCPTT-Group-Priority", &kPriority, 0, kMany},
                                           {"MCVIDEO-Group-Priority", &kPriority, 0, kMany},
                                           {"MCData-Group-Priority", &kPriority, 0, kMany}};
constexpr TypeRule kPrioritized{.content = Open, .rows = kPrioritizedRows};
constexpr ElementRow kGroupCallRows[] = {
    {"Max-Simul-Call-N4", &kPositive},          {"Max-Simul-Call-Nc4", &kPositive},
    {"Max-Simul-Trans-N5", &kPositive},         {"Max-Simul-Trans-Nc5", &kPositive},
    {"Prioritized-MCPTT-Group", &kPrioritized}, {"Prioritized-MCVIDEO-Group", &kPrioritized}};
constexpr TypeRule kGroupCall{.content = Open, .rows = kGroupCallRows};
constexpr ElementRow kCommonRows[] = {{"private-call", &kPrivateCall},
                                      {"MCPTT-Group-Call", &kGroupCall},
                                      {"MCVIDEO-Private-Call", &kPrivateCall},
                                      {"MCVIDEO-Group-Call", &kGroupCall}};
constexpr TypeRule kCommon{.content = Open, .rows = kCommonRows};

constexpr ElementRow kRelayedRows[] = {{"MCPTT-Group-ID", &kAnyUri},
                                       {"MCVIDEO-Group-ID", &kAnyUri},
                                       {"MCData-Group-ID", &kAnyUri},
                                       {"Relay-Service-Code", &kText, 1}};
constexpr TypeRule kRelayed{.rows = kRelayedRows};
constexpr ElementRow kOnNetworkRows[] = {{"IPv6Preferred", &kBoolean},
                                         {"Relay-Service", &kBoolean},
                                         {"Relayed-MCPTT-Group", &kRelayed, 0, kMany},
                                         {"Relayed-MCVIDEO-Group", &kRelayed, 0, kMany},
                                         {"Relayed-MCData-Group", &kRelayed, 0, kMany}};
constexpr TypeRule kOnNetwork{.content = Open, .rows = kOnNetworkRows};

constexpr ElementRow kRootRows[] = {{"mcptt-UE-id", &kUeId, 0, kMany},
                                    {"mcvideo-UE-id", &kUeId, 0, kMany},
                                    {"mcdata-UE-id", &kUeId, 0, kMany},
                                    {"name", &kText, 0, kMany},
                                    {"common", &kCommon},
                                    {"on-network", &kOnNetwork}};
constexpr AttributeRow kRootAttributes[] = {
    {"domain", ValueType::AnyUri}, {"XUI-URI", ValueType::AnyUri}, {"Instance-ID-URN", ValueType::AnyUri}};
constexpr TypeRule kRoot{.rows = kRootRows, .attributes = kRootAttributes};

}  // namespace

const TypeRule& ue_grammar() { return kRoot; }

}  // namespace claviger::configuration
