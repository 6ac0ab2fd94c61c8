// VAL user profiles and VAL UE configurations (TS 24.546 clauses 7.1 and 7.2). Releases spell the elements of the profile in two
// ways, with capitals as the profiles of MC services and without; what a VAL service puts into its parts is its own.
#include "broker/configuration/document_grammar.h"

namespace claviger::configuration {
namespace {

using enum Content;

constexpr ElementRow kPartRows[] = {{"Common", &kAnything}, {"OnNetwork", &kAnything},  {"OffNetwork", &kAnything},
                                    {"common", &kAnything}, {"on-network", &kAnything}, {"off-network", &kAnything}};
constexpr TypeRule kParts{.content = Open, .rows = kPartRows};
// One Status is required, in either spelling: document_check.cc.
constexpr ElementRow kProfileRows[] = {{"user-profile-index", &kByte}, {"ProfileName", &kText},
                                       {"profile-name", &kText},       {"Status", &kBoolean},
                                       {"status", &kBoolean},          {"Pre-selected-indication", &kEmpty},
                                       {"is-default", &kBoolean},      {"profile-configuration", &kParts}};
constexpr AttributeRow kProfileAttributes[] = {{"user-profile-index", ValueType::Byte},
                                               {"isDefault", ValueType::Boolean}};
constexpr TypeRule kProfile{.rows = kProfileRows, .attributes = kProfileAttributes};

constexpr ElementRow kRangeRows[] = {{"low-SNR", &kSerial, 1}, {"high-SNR", &kSerial, 1}};
constexpr TypeRule kRange{.content = Ordered, .rows = kRangeRows};
constexpr ElementRow kImeiRows[] = {{"TAC", &kTac, 1}, {"SNR", &kSerial, 0, kMany}, {"SNR-range", &kRange, 0, kMany}};
constexpr TypeRule kImei{.rows = kImeiRows};
constexpr ElementRow kUeIdRows[] = {
    {"instance-ID-URN", &kUri, 0, kMany}, {"Instance-ID-URN", &kUri, 0, kMany}, {"IMEI-range", &kImei, 0, kMany}};
constexpr TypeRule kUeId{.rows = kUeIdRows};
constexpr ElementRow kUeRows[] = {{"VAL-UE-id", &kUeId, 0, kMany},
                                  {"VAL-service-id", &kText, 0, kMany},
                                  {"name", &kText, 0, kMany},
                                  {"common", &kAnything},
                                  {"on-network", &kAnything}};
constexpr AttributeRow kUeAttributes[] = {{"domain", ValueType::AnyUri}};
constexpr TypeRule kUe{.rows = kUeRows, .attributes = kUeAttributes};

}  // namespace

const TypeRule& val_profile_grammar() { return kProfile; }
const TypeRule& val_ue_grammar() { return kUe; }

}  // namespace claviger::configuration
