// A good MCPTT user profile for the tests of this room.
#pragma once

#include <string>
#include <string_view>

#include "broker/configuration/application.h"
#include "broker/configuration/document_name.h"

namespace claviger::configuration {

inline constexpr std::string_view kAnn = "sip:ann@alpha.example";
inline const std::string kProfile =
    "<?xml version=\"1.0\"?>\n"
    "<mcptt-user-profile xmlns=\"urn:3gpp:mcptt:user-profile:1.0\" "
    "xmlns:cp=\"urn:ietf:params:xml:ns:common-policy\" xmlns:x=\"urn:x\" "
    "XUI-URI=\"sip:ann@alpha.example\" user-profile-index=\"3\">\n"
    " <!-- <Name> --><Name>Ann &amp; Co</Name>\n"
    " <Status>true</Status><ProfileName><![CDATA[Day <1>]]></ProfileName><Pre-selected-indication/>\n"
    " <Common index=\"0\"><UserAlias><alias-entry index=\"0\">A</alias-entry></UserAlias></Common>\n"
    " <cp:ruleset><cp:rule id=\"r\"><cp:actions><allow-private-call>true</allow-private-call></cp:actions></cp:rule>"
    "</cp:ruleset>\n"
    " <OnNetwork index=\"0\"><MCPTTGroupInfo><entry index=\"0\"><uri-entry>sip:g0@a</uri-entry></entry>"
    "<entry index=\"1\"><uri-entry>sip:g1@a</uri-entry></entry></MCPTTGroupInfo></OnNetwork>\n"
    " <x:unknown kept='yes'/>\n"
    "</mcptt-user-profile>\n";

inline Application mcptt() { return *find_application("org.3gpp.mcptt.user-profile"); }
inline DocumentName ann_profile() {
  return {"org.3gpp.mcptt.user-profile", Tree::Users, std::string(kAnn), "mcptt-user-profile-3.xml"};
}
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

}  // namespace claviger::configuration
