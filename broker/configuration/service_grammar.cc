// Service configurations of MCPTT, MCVideo and MCData (TS 24.484 clauses 8.4.2, 9.4.2, 10.4.2). The rows have the names of all.
#include "broker/configuration/document_grammar.h"

namespace claviger::configuration {
namespace {

using enum Content;

constexpr ElementRow kBroadcastRows[] = {{"num-levels-group-hierarchy", &kShort},
                                         {"num-levels-user-hierarchy", &kShort}};
constexpr TypeRule kBroadcast{.content = Ordered, .rows = kBroadcastRows};
constexpr ElementRow kDataWaitingRows[] = {{"time-temp-data-waiting", &kAnything}};
constexpr TypeRule kDataWaiting{.content = Open, .rows = kDataWaitingRows};
constexpr ElementRow kCommonRows[] = {
    {"min-length-alias", &kShort}, {"broadcast-group", &kBroadcast}, {"tx-and-rx-control", &kDataWaiting}};
constexpr TypeRule kCommon{.content = Open, .rows = kCommonRows};

constexpr ElementRow kPrivateCallRows[] = {{"hang-time", &kDuration},
                                           {"max-duration-with-floor-control", &kDuration},
                                           {"max-duration-without-floor-control", &kDuration},
                                           {"mcvideo-max-duration", &kDuration}};
constexpr TypeRule kPrivateCall{.content = Open, .rows = kPrivateCallRows};
constexpr ElementRow kTransmitRows[] = {{"time-limit", &kDuration}, {"time-warning", &kDuration}};
constexpr TypeRule kTransmit{.content = Ordered, .rows = kTransmitRows};
constexpr ElementRow kQueueRows[] = {{"depth", &kShort}, {"max-user-request-time", &kDuration}};
constexpr TypeRule kQueue{.content = Ordered, .rows = kQueueRows};
constexpr ElementRow kFloorRows[] = {{"T1-end-of-rtp-media", &kDuration},
                                     {"T3-stop-talking-grace", &kDuration},
                                     {"T7-floor-idle", &kDuration},
                                     {"T8-floor-revoke", &kDuration},
                                     {"T11-end-of-RTP-dual", &kDuration},
                                     {"T12-stop-talking-dual", &kDuration},
                                     {"T15-conversation", &kDuration},
                                     {"T16-map-group-to-bearer", &kDuration},
                                     {"T17-unmap-group-to-bearer", &kDuration},
                                     {"T20-floor-granted", &kDuration},
                                     {"T55-connect", &kDuration},
                                     {"T56-disconnect", &kDuration},
                                     {"C7-floor-idle", &kByte},
                                     {"C17-unmap-group-to-bearer", &kByte},
                                     {"C20-floor-granted", &kByte},
                                     {"C55-connect", &kByte},
                                     {"C56-disconnect", &kByte}};
constexpr TypeRule kFloor{.content = Open, .rows = kFloorRows};

constexpr ElementRow kSignallingRows[] = {{"confidentiality-protection", &kBoolean},
                                          {"integrity-protection", &kBoolean}};
constexpr TypeRule kSignalling{.rows = kSignallingRows};
constexpr ElementRow kServersRows[] = {{"allow-signalling-protection", &kBoolean},
                                       {"allow-floor-control-protection", &kBoolean},
                                       {"allow-transmission-control-protection", &kBoolean}};
constexpr TypeRule kServers{.rows = kServersRows};
constexpr ElementRow kPriorityRows[] = {{"resource-priority-namespace", &kText, 1},
                                        {"resource-priority-priority", &kText, 1}};
constexpr TypeRule kPriority{.content = Ordered, .rows = kPriorityRows};

constexpr ElementRow kOnNetworkRows[] = {{"private-call", &kPrivateCall},
                                         {"num-levels-priority-hierarchy", &kShort},
                                         {"transmit-time", &kTransmit},
                                         {"hang-time-warning", &kDuration},
                                         {"floor-control-queue", &kQueue},
                                         {"fc-timers-counters", &kFloor},
                                         {"signalling-protection", &kSignalling},
                                         {"protection-between-mcptt-servers", &kServers},
                                         {"protection-between-mcvideo-servers", &kServers},
                                         {"protection-between-mcdata-servers", &kServers},
                                         {"emergency-resource-priority", &kPriority},
                                         {"imminent-peril-resource-priority", &kPriority},
                                         {"normal-resource-priority", &kPriority}};
constexpr TypeRule kOnNetwork{.content = Open, .rows = kOnNetworkRows};

constexpr ElementRow kOffNetworkRows[] = {{"private-call", &kPrivateCall}, {"num-levels-priority-hierarchy", &kShort}};
constexpr TypeRule kOffNetwork{.content = Open, .rows = kOffNetworkRows};

constexpr ElementRow kParameterRows[] = {
    {"common", &kCommon, 0, kMany}, {"on-network", &kOnNetwork, 0, kMany}, {"off-network", &kOffNetwork, 0, kMany}};
constexpr AttributeRow kDomain[] = {{"domain", ValueType::AnyUri, true}};
constexpr TypeRule kParameters{.content = Ordered, .rows = kParameterRows, .attributes = kDomain};
constexpr ElementRow kRootRows[] = {{"service-configuration-params", &kParameters}};
constexpr TypeRule kRoot{.rows = kRootRows};

}  // namespace

const TypeRule& service_grammar() { return kRoot; }

}  // namespace claviger::configuration
