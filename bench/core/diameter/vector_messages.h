// A request for an authentication vector and its answer, of the sizes they have on the wire (TS 29.229 clauses 6.1.7 and
// 6.1.8): some 420 octets and 500.
#pragma once

#include <string>
#include <string_view>

#include "core/diameter/dictionary.h"
#include "core/diameter/message_builder.h"

namespace claviger::bench {

inline constexpr std::uint32_t kApplication = 16777216;
inline constexpr std::uint32_t kVendor = 10415;
inline constexpr std::uint32_t kCommand = 303;
inline constexpr diameter::AvpId kPublicIdentity{601, kVendor};
inline constexpr diameter::AvpId kServerName{602, kVendor};
inline constexpr diameter::AvpId kItems{607, kVendor};
inline constexpr diameter::AvpId kScheme{608, kVendor};
inline constexpr diameter::AvpId kAuthenticate{609, kVendor};
inline constexpr diameter::AvpId kAuthorization{610, kVendor};
inline constexpr diameter::AvpId kItem{612, kVendor};
inline constexpr diameter::AvpId kConfidentiality{625, kVendor};
inline constexpr diameter::AvpId kIntegrity{626, kVendor};

inline diameter::Dictionary vector_dictionary() {
  using diameter::AvpType;
  diameter::Dictionary made = diameter::Dictionary::base();
  for (const auto& [id, type] : {std::pair{kPublicIdentity, AvpType::Utf8String},
                                 {kServerName, AvpType::Utf8String},
                                 {kItems, AvpType::Unsigned32},
                                 {kScheme, AvpType::Utf8String},
                                 {kAuthenticate, AvpType::OctetString},
                                 {kAuthorization, AvpType::OctetString},
                                 {kItem, AvpType::Grouped},
                                 {kConfidentiality, AvpType::OctetString},
                                 {kIntegrity, AvpType::OctetString}}) {
    made.add(diameter::AvpRule{id, "", type});
  }
  namespace avp = diameter::avp;
  made.add(diameter::CommandRule{kApplication,
                                 kCommand,
                                 "MAR",
                                 true,
                                 {{avp::kSessionId, 1, 1},
                                  {avp::kOriginHost, 1, 1},
                                  {avp::kOriginRealm, 1, 1},
                                  {avp::kUserName, 1, 1},
                                  {kPublicIdentity, 1, 1},
                                  {kServerName, 1, 1},
                                  {kItems, 1, 1},
                                  {kItem, 1, 1}}});
  return made;
}

inline std::string vector_request(SlabPool& pool, std::string_view origin) {
  auto builder = diameter::MessageBuilder::request(pool, kApplication, kCommand);
  builder.text(diameter::avp::kSessionId, std::string(origin) + ";1700000000;4711;1")
      .origin(origin, "bravo.example")
      .text(diameter::avp::kDestinationRealm, "bravo.example")
      .vendor_specific_application(kVendor, kApplication)
      .u32(diameter::avp::kAuthSessionState, 1)
      .text(kPublicIdentity, "sip:migrant.000123456@bravo.example")
      .text(diameter::avp::kUserName, "migrant.000123456@ims.bravo.example")
      .u32(kItems, 1)
      .begin_group(kItem)
      .text(kScheme, "Digest-AKAv1-MD5")
      .end_group()
      .text(kServerName, "sip:scscf.bravo.example:6060");
  return std::string(builder.finish()->text());
}

inline std::string vector_answer(SlabPool& pool, std::string_view origin) {
  auto builder = diameter::MessageBuilder::request(pool, kApplication, kCommand);
  builder.header().flags = diameter::kFlagProxiable;
  builder.text(diameter::avp::kSessionId, "mms.bravo.example;1700000000;4711;1")
      .vendor_specific_application(kVendor, kApplication)
      .u32(diameter::avp::kResultCode, 2001)
      .u32(diameter::avp::kAuthSessionState, 1)
      .origin(origin, "alpha.example")
      .text(kPublicIdentity, "sip:001010000123456@ims.alpha.example")
      .text(diameter::avp::kUserName, "001010000123456@ims.alpha.example")
      .u32(kItems, 1)
      .begin_group(kItem)
      .text(kScheme, "Digest-AKAv1-MD5")
      .text(kAuthenticate, std::string(32, 'r'))
      .text(kAuthorization, std::string(8, 'x'))
      .text(kConfidentiality, std::string(16, 'c'))
      .text(kIntegrity, std::string(16, 'i'))
      .end_group();
  return std::string(builder.finish()->text());
}

}  // namespace claviger::bench
