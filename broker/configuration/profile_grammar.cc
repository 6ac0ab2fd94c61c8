// User profiles of MCPTT, MCVideo and MCData (TS 24.484 clauses 8.3.2, 9.3.2, 10.3.2). The three differ in names and in what a
// group is; the rows have the names of all.
#include "broker/configuration/document_grammar.h"

namespace claviger::configuration {
namespace {

using enum Content;

// EntryType. The index tells the entries of a list apart (clause 8.3.2.1): where there is one entry only, as in an
// EmergencyAlert, and where the element itself says who it is, as in MCPTTUserID, the schema's optional index stays optional.
constexpr ElementRow kEntryRows[] = {{"uri-entry", &kUri, 1}, {"display-name", &kText}};
constexpr AttributeRow kEntryAttributes[] = {{"index"}, {"entry-info", ValueType::EntryInfo}};
constexpr AttributeRow kListEntryAttributes[] = {{"index", ValueType::Text, true},
                                                 {"entry-info", ValueType::EntryInfo}};
constexpr TypeRule kEntry{.content = Ordered, .rows = kEntryRows, .attributes = kEntryAttributes};
constexpr TypeRule kListEntry{.content = Ordered, .rows = kEntryRows, .attributes = kListEntryAttributes};

// ListEntryType, and what has one entry.
constexpr ElementRow kListRows[] = {{"entry", &kListEntry, 0, kMany}};
constexpr TypeRule kList{.rows = kListRows};
constexpr ElementRow kOneEntryRows[] = {{"entry", &kEntry, 1}};
constexpr TypeRule kOneEntry{.rows = kOneEntryRows};

constexpr AttributeRow kIndexed[] = {{"index", ValueType::Text, true}};
constexpr TypeRule kAlias{.value = ValueType::Text, .attributes = kIndexed};
constexpr ElementRow kAliasRows[] = {{"alias-entry", &kAlias, 0, kMany}};
constexpr TypeRule kAliases{.rows = kAliasRows};

constexpr ElementRow kProseRows[] = {{"DiscoveryGroupID", &kHex}, {"User-Info-ID", &kHex6, 1}};
constexpr TypeRule kProse{.rows = kProseRows};

constexpr ElementRow kInitiationRows[] = {{"entry", &kEntry}};
constexpr TypeRule kInitiation{.content = Open, .rows = kInitiationRows};
constexpr ElementRow kRecipientRows[] = {{"entry", &kEntry, 1}, {"ProSeUserID-entry", &kProse}};
constexpr TypeRule kRecipient{.content = Ordered, .rows = kRecipientRows};
constexpr ElementRow kEmergencyRows[] = {
    {"MCPTTGroupInitiation", &kInitiation},   {"MCVideoGroupInitiation", &kInitiation},
    {"MCDataGroupInitiation", &kInitiation},  {"MCPTTPrivateRecipient", &kRecipient},
    {"MCVideoPrivateRecipient", &kRecipient}, {"MCDataPrivateRecipient", &kRecipient}};
constexpr TypeRule kEmergency{.content = Open, .rows = kEmergencyRows};

constexpr ElementRow kKmsUriRows[] = {{"PrivateCallKMSURI", &kEntry, 1}};
constexpr TypeRule kKmsUri{.rows = kKmsUriRows};
constexpr ElementRow kOnNetworkCallRows[] = {{"PrivateCallURI", &kEntry, 1}, {"PrivateCallKMSURI", &kKmsUri}};
constexpr TypeRule kOnNetworkCall{.content = Ordered, .rows = kOnNetworkCallRows};
constexpr ElementRow kOffNetworkCallRows[] = {{"PrivateCallProSeUser", &kProse, 1}, {"PrivateCallKMSURI", &kKmsUri}};
constexpr TypeRule kOffNetworkCall{.content = Ordered, .rows = kOffNetworkCallRows};
constexpr ElementRow kCallListRows[] = {{"PrivateCallURI", &kEntry, 0, kMany},
                                        {"PrivateCallProSeUser", &kProse, 0, kMany},
                                        {"PrivateCallOnNetwork", &kOnNetworkCall, 0, kMany},
                                        {"PrivateCallOffNetwork", &kOffNetworkCall, 0, kMany}};
// Releases differ in what else is here: a PrivateCallKMSURI for the list, or one in each call.
constexpr TypeRule kCallList{.content = Open, .rows = kCallListRows};
constexpr ElementRow kPrivateCallRows[] = {{"PrivateCallList", &kCallList, 0, kMany}, {"EmergencyCall", &kEmergency}};
constexpr TypeRule kPrivateCall{.content = Open, .rows = kPrivateCallRows};

constexpr ElementRow kGroupCallRows[] = {{"MaxSimultaneousCallsN6", &kPositive},
                                         {"EmergencyCall", &kEmergency},
                                         {"ImminentPerilCall", &kEmergency},
                                         {"EmergencyAlert", &kOneEntry},
                                         {"Priority", &kShort}};
constexpr TypeRule kGroupCall{.content = Open, .rows = kGroupCallRows};
// Of MCVideo the schema says 255 (PriorityType).
constexpr ElementRow kVideoGroupCallRows[] = {{"MaxSimultaneousCallsN6", &kPositive},
                                              {"EmergencyCall", &kEmergency},
                                              {"ImminentPerilCall", &kEmergency},
                                              {"EmergencyAlert", &kOneEntry},
                                              {"Priority", &kByte}};
constexpr TypeRule kVideoGroupCall{.content = Open, .rows = kVideoGroupCallRows};

constexpr ElementRow kCommonRows[] = {{"UserAlias", &kAliases},
                                      {"MCPTTUserID", &kEntry},
                                      {"MCVideoUserID", &kEntry},
                                      {"MCDataUserID", &kEntry},
                                      {"PrivateCall", &kPrivateCall},
                                      {"MCPTT-group-call", &kGroupCall},
                                      {"MCVideo-group-call", &kVideoGroupCall},
                                      {"MCData-group-call", &kGroupCall},
                                      {"ParticipantType", &kText},
                                      {"MissionCriticalOrganization", &kText}};
constexpr TypeRule kCommon{.content = Open, .rows = kCommonRows};

// A group of MCVideo or MCData: one element a group in the schema, a list of entries in profiles that are written as those of
// MCPTT are.
constexpr ElementRow kGroupRows[] = {{"MCVideo-Group-ID", &kEntry},   {"MCData-Group-ID", &kEntry},
                                     {"GMS-Serv-Id", &kEntry},        {"IdMS-Token-Endpoint", &kEntry},
                                     {"GroupKMSURI", &kEntry},        {"RelativePresentationPriority", &kByte},
                                     {"entry", &kListEntry, 0, kMany}};
constexpr TypeRule kGroup{.content = Open, .rows = kGroupRows};

// MCPTTGroupInfo is there even when the user has no group (clause 8.3.2.1).
constexpr ElementRow kPttOnNetworkRows[] = {
    {"MCPTTGroupInfo", &kList, 1, kMany},       {"MaxAffiliationsN2", &kCount},
    {"ImplicitAffiliations", &kList, 0, kMany}, {"MaxSimultaneousTransmissionsN7", &kPositive},
    {"PrivateEmergencyAlert", &kOneEntry},      {"RemoteGroupSelectionURIList", &kList, 0, kMany}};
constexpr TypeRule kPttOnNetwork{.content = Open, .rows = kPttOnNetworkRows};
constexpr ElementRow kOnNetworkRows[] = {{"MCVideoGroupInfo", &kGroup, 0, kMany},
                                         {"MCDataGroupInfo", &kGroup, 0, kMany},
                                         {"MaxAffiliationsN2", &kCount},
                                         {"ImplicitAffiliations", &kList, 0, kMany},
                                         {"MaxSimultaneousVideoStreams", &kPositive},
                                         {"MaxSimultaneousTransmissionsN7", &kPositive},
                                         {"PrivateEmergencyAlert", &kOneEntry},
                                         {"RemoteGroupSelectionURIList", &kList, 0, kMany}};
constexpr TypeRule kOnNetwork{.content = Open, .rows = kOnNetworkRows};

constexpr ElementRow kOffNetworkRows[] = {{"MCPTTGroupInfo", &kList, 0, kMany},
                                          {"MCVideoGroupInfo", &kGroup, 0, kMany},
                                          {"MCDataGroupInfo", &kGroup, 0, kMany},
                                          {"User-Info-ID", &kHex6}};
constexpr TypeRule kOffNetwork{.content = Open, .rows = kOffNetworkRows};

// XUI-URI and the index are compared with the document's name: document_check.cc.
constexpr AttributeRow kRootAttributes[] = {{"XUI-URI", ValueType::AnyUri, true},
                                            {"user-profile-index", ValueType::Byte, true}};
constexpr ElementRow kPttRows[] = {{"Name", &kText, 0, kMany},
                                   {"Status", &kBoolean, 1},
                                   {"ProfileName", &kText},
                                   {"Pre-selected-indication", &kEmpty},
                                   {"Common", &kCommon, 0, kMany},
                                   {"OnNetwork", &kPttOnNetwork, 0, kMany},
                                   {"OffNetwork", &kOffNetwork, 0, kMany}};
constexpr TypeRule kPtt{.rows = kPttRows, .attributes = kRootAttributes};
constexpr ElementRow kOtherRows[] = {{"Name", &kText, 0, kMany},
                                     {"Status", &kBoolean, 1},
                                     {"ProfileName", &kText},
                                     {"Pre-selected-indication", &kEmpty},
                                     {"Common", &kCommon, 0, kMany},
                                     {"OnNetwork", &kOnNetwork, 0, kMany},
                                     {"OffNetwork", &kOffNetwork, 0, kMany}};
constexpr TypeRule kOther{.rows = kOtherRows, .attributes = kRootAttributes};

}  // namespace

const TypeRule& profile_grammar(tokens::McService service) { return service == tokens::McService::Ptt ? kPtt : kOther; }

}  // namespace claviger::configuration
