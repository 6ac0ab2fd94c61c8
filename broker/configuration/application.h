// The application usages of this server (RFC 4825 clause 5; TS 24.484 clauses 7 to 10, TS 24.546 clause 7): which
// documents there are, in which tree, what they are made of and which scope opens them.
//
// Static tables; an Application is a value. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/tokens/verifier/mc_service.h"

namespace claviger::configuration {

enum class DocumentKind : std::uint8_t {
  UserProfile,
  UeConfiguration,
  UeInitialConfiguration,
  ServiceConfiguration,
  // Ours, no standard's: where a user migrates to and as whom (TS 23.280 clause 10.1.6, migration connectivity).
  MigrationConnectivity
};

enum class Tree : std::uint8_t { Users, Global };

struct Application {
  std::string auid;
  DocumentKind kind = DocumentKind::UserProfile;
  tokens::McService service = tokens::McService::None;  // None: a VAL service, or any MC service
  bool is_val = false;
  std::string_view space;  // of the document, and of names without a prefix in selectors
  // In which the standard's own schema or another of its releases has the same elements; empty: there is none.
  std::string_view also_space;
  std::string_view root;  // local name of the root element
  std::string_view media_type;
  std::string_view scope;  // of access tokens that open it
  Tree tree = Tree::Users;
  std::string_view file_prefix;  // of a profile's name in front of its index: "mcptt-user-profile-"
  bool user_may_write = false;   // as far as document_access.h says
};

// The namespace of a document whose root is in `root_space`, and of names without a prefix in its selectors.
std::string_view space_in(const Application& application, std::string_view root_space);

inline constexpr std::string_view kCapabilitiesAuid = "xcap-caps";
inline constexpr std::string_view kDirectoryAuid = "org.openmobilealliance.xcap-directory";
// Opens every document for writing; given by an operator to clients of client_credentials.
inline constexpr std::string_view kWriteScope = "claviger:configuration:write";

// Nothing: no such usage. A VAL service ID is the AUID of its VAL user profiles (TS 24.546 clause 7.1).
std::optional<Application> find_application(std::string_view auid);
// In front of the names of a VAL service's UE configurations; their usage (TS 24.546 clause 7.2).
inline constexpr std::string_view kValUePrefix = "seal-ue-config";
Application val_ue_usage(std::string_view auid);
// Without those of VAL services, which are anybody's.
const std::vector<Application>& known_applications();
// "mcptt", "mcvideo", "mcdata", or "val" and a service: the AUID of user profiles. Empty: neither.
std::string profile_auid(std::string_view dialect);

}  // namespace claviger::configuration
