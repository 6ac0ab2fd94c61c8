#include "broker/tenants/tenant.h"

namespace claviger::tenants {

bool is_tenant_name(std::string_view name) {
  if (name.empty() || name.size() > 32 || name.front() < 'a' || name.front() > 'z') return false;
  for (const char character : name) {
    const bool is_allowed = (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') || character == '-';
    if (!is_allowed) return false;
  }
  return true;
}

std::map<std::string, std::string, std::less<>> default_scope_audiences(std::string_view issuer) {
  struct Server {
    std::string_view scope;
    std::string_view path;
  };
  // Table B.4.2.2-1 of TS 33.180 and the SEAL scopes of this product; the URLs are identifiers below the issuer, which
  // an operator replaces with those of his servers.
  static constexpr Server kServers[] = {
      {"3gpp:mc:ptt_service", "mcptt"},
      {"3gpp:mc:video_service", "mcvideo"},
      {"3gpp:mc:data_service", "mcdata"},
      {"3gpp:mc:ptt_key_management_service", "kms"},
      {"3gpp:mc:video_key_management_service", "kms"},
      {"3gpp:mc:data_key_management_service", "kms"},
      {"3gpp:mc:ptt_config_management_service", "cms"},
      {"3gpp:mc:video_config_management_service", "cms"},
      {"3gpp:mc:data_config_management_service", "cms"},
      {"3gpp:mc:ptt_group_management_service", "gms"},
      {"3gpp:mc:video_group_management_service", "gms"},
      {"3gpp:mc:data_group_management_service", "gms"},
      {"3gpp:mc:location_management_service", "lms"},
      {"3gpp:seal:key_management", "seal-kms"},
      {"3gpp:seal:group_management", "seal-gms"},
      {"3gpp:seal:config_management", "seal-cms"},
      {"3gpp:seal:location_management", "seal-lms"},
      {"3gpp:seal:network_resource_management", "seal-nrms"},
  };
  std::map<std::string, std::string, std::less<>> audiences;
  for (const Server& server : kServers) {
    audiences.emplace(server.scope, std::string(issuer) + "/servers/" + std::string(server.path));
  }
  // SS_IdmParameterProvisioning is ours: its tokens are for us alone.
  audiences.emplace("ss-ipp", std::string(issuer) + "/ss-ipp/v1");
  return audiences;
}

}  // namespace claviger::tenants
