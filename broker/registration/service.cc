#include "broker/registration/service.h"

#include <algorithm>

#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::registration {
namespace {

// The colons of an ICSI are escaped in a Contact (TS 24.229 clause 7.2A.8.2).
std::string with_colons(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.size() - i >= 3 && sip::equals_ignoring_case(text.substr(i, 3), "%3A")) {
      out += ':';
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool has_icsi(std::string_view list, const std::vector<std::string>& icsis) {
  const std::string all = with_colons(list);
  std::string_view rest = all;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view one = sip::trim(rest.substr(0, comma));
    if (std::ranges::find(icsis, one) != icsis.end()) return true;
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return false;
}

Service standard(std::string_view name, std::string_view scope, tokens::McService mc_service,
                 std::vector<std::string> tags, std::vector<std::string> icsis) {
  Service service;
  service.name = name;
  service.scope = scope;
  service.mc_service = mc_service;
  service.identity_claim = tokens::mc_id_claim(mc_service);
  service.feature_tags = std::move(tags);
  service.icsis = std::move(icsis);
  service.info_media_type = "application/vnd.3gpp." + service.name + "-info+xml";
  service.info_namespace = "urn:3gpp:ns:" + service.name + "Info:1.0";
  return service;
}

}  // namespace

Services::Services(const settings::Sip& sip) {
  using tokens::McService;
  const std::string icsi = "urn:urn-7:3gpp-service.ims.icsi.";
  services_.push_back(standard("mcptt", "3gpp:mc:ptt_service", McService::Ptt, {"+g.3gpp.mcptt"}, {icsi + "mcptt"}));
  services_.push_back(
      standard("mcvideo", "3gpp:mc:video_service", McService::Video, {"+g.3gpp.mcvideo"}, {icsi + "mcvideo"}));
  services_.push_back(standard("mcdata", "3gpp:mc:data_service", McService::Data,
                               {"+g.3gpp.mcdata.sds", "+g.3gpp.mcdata.fd"},
                               {icsi + "mcdata", icsi + "mcdata.sds", icsi + "mcdata.fd"}));
  for (const settings::SipService& own : sip.services) {
    Service service;
    service.name = own.name;
    service.scope = own.scope;
    service.identity_claim = own.identity_claim;
    service.feature_tags = own.feature_tags;
    service.icsis = own.icsis;
    service.info_media_type = own.info_media_type;
    service.info_namespace = own.info_namespace;
    services_.push_back(std::move(service));
  }
  for (Service& service : services_) {
    service.signed_media_type = "application/vnd.3gpp." + service.name + "-signed+xml";
    service.signed_namespace = "urn:3gpp:ns:" + service.name + "SignedDoc:1.0";
    const auto is_named = [&service](const std::vector<std::string>& names) {
      return std::ranges::find(names, service.name) != names.end();
    };
    service.needs_confidentiality = is_named(sip.confidentiality_required);
    service.needs_integrity = is_named(sip.integrity_required);
  }
}

const Service* Services::find(std::string_view name) const {
  const auto found = std::ranges::find(services_, name, &Service::name);
  return found == services_.end() ? nullptr : &*found;
}

std::size_t Services::index_of(std::string_view name) const {
  const auto found = std::ranges::find(services_, name, &Service::name);
  return static_cast<std::size_t>(found - services_.begin());
}

const Service* Services::find_by_media_type(std::string_view media_type) const {
  const auto found = std::ranges::find_if(services_, [media_type](const Service& service) {
    return sip::equals_ignoring_case(service.info_media_type, media_type);
  });
  return found == services_.end() ? nullptr : &*found;
}

std::vector<std::string> Services::named_by_contact(std::string_view parameters) const {
  std::vector<std::string> names;
  const sip::Parameter icsi_ref = sip::find_parameter(parameters, "+g.3gpp.icsi-ref");
  for (const Service& service : services_) {
    const bool is_tagged = std::ranges::any_of(service.feature_tags, [parameters](const std::string& tag) {
      return sip::find_parameter(parameters, tag).is_present;
    });
    if (is_tagged || has_icsi(icsi_ref.value, service.icsis)) names.push_back(service.name);
  }
  return names;
}

}  // namespace claviger::registration
