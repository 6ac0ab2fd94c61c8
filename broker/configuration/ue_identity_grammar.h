// Which UEs a UE configuration is for (mcptt-UE-id and its like, TS 24.484 clauses 7.2.2, 8.2.2, 9.2.2, 10.2.2): the same in
// the configurations and in the initial ones.
#pragma once

#include "broker/configuration/document_grammar.h"

namespace claviger::configuration {

inline constexpr ElementRow kRangeRows[] = {{"Low-SNR", &kSerial, 1}, {"High-SNR", &kSerial, 1}};
inline constexpr TypeRule kRange{.content = Content::Ordered, .rows = kRangeRows};
inline constexpr ElementRow kImeiRows[] = {
    {"TAC", &kTac, 1}, {"SNR", &kSerial, 0, kMany}, {"SNR-range", &kRange, 0, kMany}};
inline constexpr TypeRule kImei{.rows = kImeiRows};
inline constexpr ElementRow kUeIdRows[] = {{"Instance-ID-URN", &kUri, 0, kMany}, {"IMEI-range", &kImei, 0, kMany}};
inline constexpr TypeRule kUeId{.rows = kUeIdRows};

}  // namespace claviger::configuration
