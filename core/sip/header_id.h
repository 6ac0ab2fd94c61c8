// The headers that we look at, by number, so that a message is indexed once and no name is compared again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace claviger::sip {

#define CLAVIGER_SIP_HEADERS(X)                                                                                        \
  X(Via, "Via", 'v')                                                                                                   \
  X(From, "From", 'f')                                                                                                 \
  X(To, "To", 't') X(CallId, "Call-ID", 'i') X(CSeq, "CSeq", 0) X(Contact, "Contact", 'm')                             \
      X(MaxForwards, "Max-Forwards", 0) X(ContentLength, "Content-Length", 'l') X(ContentType, "Content-Type", 'c')    \
          X(Expires, "Expires", 0) X(Event, "Event", 'o') X(Route, "Route", 0) X(RecordRoute, "Record-Route", 0)       \
              X(Require, "Require", 0) X(ProxyRequire, "Proxy-Require", 0) X(Supported, "Supported", 'k')              \
                  X(Unsupported, "Unsupported", 0) X(Accept, "Accept", 0) X(Allow, "Allow", 0) X(                      \
                      AllowEvents, "Allow-Events", 'u') X(SubscriptionState, "Subscription-State", 0)                  \
                      X(SipIfMatch, "SIP-If-Match", 0) X(SipEtag, "SIP-ETag", 0) X(                                    \
                          PAssertedIdentity, "P-Asserted-Identity", 0) X(PAssertedService, "P-Asserted-Service", 0)    \
                          X(PPreferredService, "P-Preferred-Service", 0) X(PChargingVector, "P-Charging-Vector", 0)    \
                              X(PChargingFunctionAddresses, "P-Charging-Function-Addresses", 0)                        \
                                  X(PVisitedNetworkId, "P-Visited-Network-ID", 0)                                      \
                                      X(PAccessNetworkInfo, "P-Access-Network-Info", 0) X(Path, "Path", 0)             \
                                          X(AcceptContact, "Accept-Contact", 'a') X(MinExpires, "Min-Expires", 0)      \
                                              X(RetryAfter, "Retry-After", 0) X(Warning, "Warning", 0)                 \
                                                  X(ContentTransferEncoding, "Content-Transfer-Encoding", 0)           \
                                                      X(ContentId, "Content-ID", 0)                                    \
                                                          X(ContentDisposition, "Content-Disposition", 0)              \
                                                              X(MimeVersion, "MIME-Version", 0)                        \
                                                                  X(ContentEncoding, "Content-Encoding", 'e')          \
                                                                      X(Date, "Date", 0) X(UserAgent, "User-Agent", 0) \
                                                                          X(Subject, "Subject", 's')

enum class HeaderId : std::uint8_t {
#define X(id, name, compact) id,
  CLAVIGER_SIP_HEADERS(X)
#undef X
      Other
};
inline constexpr std::size_t kHeaderIds = static_cast<std::size_t>(HeaderId::Other) + 1;

// In either form, letters of any case.
HeaderId header_id(std::string_view name);
std::string_view name_of(HeaderId id);

}  // namespace claviger::sip
