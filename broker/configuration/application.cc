#include "broker/configuration/application.h"

#include <algorithm>

#include "broker/identity/val_identity.h"

namespace claviger::configuration {
namespace {

using tokens::McService;

constexpr std::string_view kPtt = "3gpp:mc:ptt_config_management_service";
constexpr std::string_view kVideo = "3gpp:mc:video_config_management_service";
constexpr std::string_view kData = "3gpp:mc:data_config_management_service";
constexpr std::string_view kSeal = "3gpp:seal:config_management";

Application usage(std::string_view auid, DocumentKind kind, McService service, std::string_view space,
                  std::string_view root, std::string_view media_type) {
  Application made;
  made.auid = auid;
  made.kind = kind;
  made.service = service;
  made.space = space;
  made.root = root;
  made.media_type = media_type;
  made.scope = service == McService::Video ? kVideo : service == McService::Data ? kData : kPtt;
  made.tree = kind == DocumentKind::ServiceConfiguration ? Tree::Global : Tree::Users;
  made.user_may_write = kind == DocumentKind::UserProfile;
  return made;
}

Application profile(std::string_view auid, McService service, std::string_view space, std::string_view root,
                    std::string_view media_type, std::string_view file_prefix, std::string_view also_space = {}) {
  Application made = usage(auid, DocumentKind::UserProfile, service, space, root, media_type);
  made.file_prefix = file_prefix;
  made.also_space = also_space;
  return made;
}

std::vector<Application> make_all() {
  using enum DocumentKind;
  return {
      usage("org.3gpp.mcptt.ue-init-config", UeInitialConfiguration, McService::Ptt,
            "urn:3gpp:mcptt:mcpttUEinitConfig:1.0", "mcptt-UE-initial-configuration",
            "application/vnd.3gpp.mcptt-ue-init-config+xml"),
      usage("org.3gpp.mcptt.ue-config", UeConfiguration, McService::Ptt, "urn:3gpp:mcptt:mcpttUEConfig:1.0",
            "mcptt-UE-configuration", "application/vnd.3gpp.mcptt-ue-config+xml"),
      profile("org.3gpp.mcptt.user-profile", McService::Ptt, "urn:3gpp:mcptt:user-profile:1.0", "mcptt-user-profile",
              "application/vnd.3gpp.mcptt-user-profile+xml", "mcptt-user-profile-"),
      usage("org.3gpp.mcptt.service-config", ServiceConfiguration, McService::Ptt, "urn:3gpp:ns:mcpttServiceConfig:1.0",
            "service-configuration-info", "application/vnd.3gpp.mcptt-service-config+xml"),
      usage("org.3gpp.mcvideo.ue-config", UeConfiguration, McService::Video, "urn:3gpp:mcvideo:mcvideoUEConfig:1.0",
            "mcvideo-UE-configuration", "application/vnd.3gpp.mcvideo-ue-config+xml"),
      profile("org.3gpp.mcvideo.user-profile", McService::Video, "urn:3gpp:mcvideo:user-profile:1.0",
              "mcvideo-user-profile", "application/vnd.3gpp.mcvideo-user-profile+xml", "mcvideo-user-profile-",
              "urn:3gpp:ns:mcvideo:user-profile:1.0"),
      usage("org.3gpp.mcvideo.service-config", ServiceConfiguration, McService::Video,
            "urn:3gpp:ns:mcvideoServiceConfig:1.0", "service-configuration-info",
            "application/vnd.3gpp.mcvideo-service-config+xml"),
      usage("org.3gpp.mcdata.ue-config", UeConfiguration, McService::Data, "urn:3gpp:mcdata:mcdataUEConfig:1.0",
            "mcdata-UE-configuration", "application/vnd.3gpp.mcdata-ue-config+xml"),
      profile("org.3gpp.mcdata.user-profile", McService::Data, "urn:3gpp:mcdata:user-profile:1.0",
              "mcdata-user-profile", "application/vnd.3gpp.mcdata-user-profile+xml", "mcdata-user-profile-",
              "urn:3gpp:ns:mcdata:user-profile:1.0"),
      usage("org.3gpp.mcdata.service-config", ServiceConfiguration, McService::Data,
            "urn:3gpp:ns:mcdataServiceConfig:1.0", "service-configuration-info",
            "application/vnd.3gpp.mcdata-service-config+xml"),
      usage("claviger.migration-connectivity", MigrationConnectivity, McService::Ptt,
            "urn:claviger:migration-connectivity:1.0", "migration-connectivity", "application/xml"),
  };
}

}  // namespace

const std::vector<Application>& known_applications() {
  static const std::vector<Application> kAll = make_all();
  return kAll;
}

std::optional<Application> find_application(std::string_view auid) {
  const auto& all = known_applications();
  const auto found = std::ranges::find(all, auid, &Application::auid);
  if (found != all.end()) return *found;
  if (auid == kCapabilitiesAuid || auid == kDirectoryAuid) return std::nullopt;
  if (auid.starts_with("org.3gpp.") || auid.starts_with("claviger.") || !identity::is_val_service_id(auid)) {
    return std::nullopt;
  }
  Application val = profile(auid, McService::None, "urn:3gpp:ns:seal:SealUserProfile:1.0", "seal-user-profile",
                            "application/vnd.3gpp.seal-user-profile-info+xml", "seal-user-profile-");
  val.is_val = true;
  val.scope = kSeal;
  return val;
}

Application val_ue_usage(std::string_view auid) {
  Application made = usage(auid, DocumentKind::UeConfiguration, McService::None, "urn:3gpp:ns:seal:SealUEConfig:1.0",
                           "seal-UE-configuration", "application/vnd.3gpp.seal-ue-config-info+xml");
  made.also_space = "urn:3gpp:ns:seal:sealUEConfig:1.0";
  made.is_val = true;
  made.scope = kSeal;
  return made;
}

std::string_view space_in(const Application& application, std::string_view root_space) {
  return !application.also_space.empty() && root_space == application.also_space ? application.also_space
                                                                                 : application.space;
}

std::string profile_auid(std::string_view dialect) {
  if (dialect == "mcptt" || dialect == "mcvideo" || dialect == "mcdata") {
    return "org.3gpp." + std::string(dialect) + ".user-profile";
  }
  if (!dialect.starts_with("val:") || !identity::is_val_service_id(dialect.substr(4))) return {};
  return std::string(dialect.substr(4));
}

}  // namespace claviger::configuration
