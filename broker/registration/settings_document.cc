#include "broker/registration/settings_document.h"

#include <charconv>

#include "broker/registration/encrypted_xml.h"
#include "broker/registration/xml_reading.h"
#include "core/codec/urn.h"

namespace claviger::registration {
namespace {

constexpr std::string_view kPoc = "urn:oma:params:xml:ns:poc:poc-settings";
constexpr std::string_view kMcs = "urn:3gpp:mcsSettings:1.0";
constexpr std::string_view kStates = "urn:claviger:service-state:1.0";
// Indexes of user profiles are unsigned bytes (TS 24.484 clause 8.3).
constexpr int kProfileIndexMax = 255;

Error schema() { return {Code::XmlSchema, "registration.settings"}; }

// -1: neither.
int boolean_of(std::string_view text) {
  if (text == "true" || text == "1") return 1;
  if (text == "false" || text == "0") return 0;
  return -1;
}

pugi::xml_node child_of(const pugi::xml_node& parent, std::string_view name, std::string_view space) {
  for (const pugi::xml_node child : parent.children()) {
    if (child.type() == pugi::node_element && local_name(child) == name && namespace_of(child) == space) return child;
  }
  return {};
}

// <isb-settings><incoming-session-barring active="true"/></isb-settings>
Result<int> activity_of(const pugi::xml_node& entity, std::string_view settings, std::string_view name) {
  const pugi::xml_node inner = child_of(child_of(entity, settings, kPoc), name, kPoc);
  if (!inner) return -1;
  const int active = boolean_of(inner.attribute("active").value());
  if (active < 0) return schema();
  return active;
}

Result<ServiceSettings> read_entity(const pugi::xml_node& entity) {
  ServiceSettings settings;
  if (const pugi::xml_node mode = child_of(child_of(entity, "am-settings", kPoc), "answer-mode", kPoc)) {
    settings.answer_mode = trimmed(mode.child_value());
    if (settings.answer_mode != "automatic" && settings.answer_mode != "manual") return schema();
  }
  if (const pugi::xml_node index =
          child_of(child_of(entity, "selected-user-profile-index", kMcs), "user-profile-index", kMcs)) {
    const std::string_view text = trimmed(index.child_value());
    const auto read = std::from_chars(text.data(), text.data() + text.size(), settings.profile_index);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || settings.profile_index < 0 ||
        settings.profile_index > kProfileIndexMax) {
      return schema();
    }
  }
  if (const pugi::xml_node multiplex = child_of(entity, "multiplex-support", kMcs)) {
    settings.multiplex = boolean_of(trimmed(multiplex.child_value()));
    if (settings.multiplex < 0) return schema();
  }
  CLAVIGER_TRY(sessions, activity_of(entity, "isb-settings", "incoming-session-barring"));
  CLAVIGER_TRY(alerts, activity_of(entity, "ipab-settings", "incoming-personal-alert-barring"));
  CLAVIGER_TRY(simultaneous, activity_of(entity, "sss-settings", "simultaneous-sessions-support"));
  settings.session_barring = sessions;
  settings.alert_barring = alerts;
  settings.simultaneous_sessions = simultaneous;
  return settings;
}

// For text and attributes in double quotes.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void write_settings(std::string& out, const ServiceSettings& settings) {
  const auto flag = [](int value) { return value == 1 ? std::string("true") : std::string("false"); };
  const auto activity = [&](std::string_view group, std::string_view name, int value) {
    if (value < 0) return;
    out += "<" + std::string(group) + "><" + std::string(name) + " active=\"" + flag(value) + "\"/></" +
           std::string(group) + ">";
  };
  activity("isb-settings", "incoming-session-barring", settings.session_barring);
  if (!settings.answer_mode.empty()) {
    out += "<am-settings><answer-mode>" + settings.answer_mode + "</answer-mode></am-settings>";
  }
  activity("ipab-settings", "incoming-personal-alert-barring", settings.alert_barring);
  activity("sss-settings", "simultaneous-sessions-support", settings.simultaneous_sessions);
  if (settings.profile_index >= 0) {
    out += "<mcs10Set:selected-user-profile-index><mcs10Set:user-profile-index>" +
           std::to_string(settings.profile_index) +
           "</mcs10Set:user-profile-index></mcs10Set:selected-user-profile-index>";
  }
  if (settings.multiplex >= 0) {
    out += "<mcs10Set:multiplex-support>" + flag(settings.multiplex) + "</mcs10Set:multiplex-support>";
  }
}

// A client may look for its own by comparing octets.
const std::string& entity_id_of(const ClientState& client) {
  const bool is_said = client.has_settings && !client.settings.entity_id.empty();
  return is_said ? client.settings.entity_id : client.binding.name.client_id;
}

void write_state(std::string& out, const ClientState& client) {
  const auto attribute = [&out](std::string_view name, std::string_view value) {
    if (!value.empty()) out += " " + std::string(name) + "=\"" + escaped(value) + "\"";
  };
  out += "<cs:client";
  attribute("id", entity_id_of(client));
  attribute("service", client.binding.name.service);
  attribute("identity", client.binding.impu);
  attribute("instance", client.binding.instance);
  attribute("full-access", client.has_full_access ? "true" : "false");
  attribute("why-not", client.why_not);
  out += "/>";
}

}  // namespace

Result<ServiceSettings> parse_settings_document(std::string_view xml, std::string_view client_id, const BodyKeys& keys,
                                                BodyKeyRef& key) {
  pugi::xml_document document;
  CLAVIGER_TRY(root, load_root(document, xml, "poc-settings", kPoc));
  pugi::xml_node only;
  std::size_t count = 0;
  for (const pugi::xml_node entity : root.children()) {
    if (entity.type() != pugi::node_element || local_name(entity) != "entity" || namespace_of(entity) != kPoc) continue;
    std::string id = entity.attribute("id").value();
    if (is_encrypted_uri(id)) {
      CLAVIGER_TRY(opened, decrypt_uri(id, keys));
      if (key != nullptr && key != opened.key) return Error{Code::XmlEncryption, "registration.keys"};
      key = std::move(opened.key);
      id = std::move(opened.value);
    }
    if (codec::canonical_urn(id) == client_id) {
      CLAVIGER_TRY(settings, read_entity(entity));
      settings.entity_id = std::move(id);
      return settings;
    }
    only = entity;
    ++count;
  }
  if (count != 1) return schema();
  return read_entity(only);
}

Result<std::string> write_encrypted_state_document(const std::vector<ClientState>& clients, const BodyKey& key,
                                                   std::string_view domain) {
  std::vector<ClientState> hidden = clients;
  for (ClientState& client : hidden) {
    CLAVIGER_TRY(id, encrypt_uri(key, entity_id_of(client), domain));
    client.settings.entity_id.clear();
    client.binding.name.client_id = std::move(id);
  }
  return write_state_document(hidden, false);
}

std::string write_state_document(const std::vector<ClientState>& clients, bool for_server) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<poc-settings xmlns=\"" + std::string(kPoc) +
                    "\" xmlns:mcs10Set=\"" + std::string(kMcs) + "\"";
  if (for_server) out += " xmlns:cs=\"" + std::string(kStates) + "\"";
  out += ">";
  for (const ClientState& client : clients) {
    if (!client.has_full_access) continue;
    out += "<entity id=\"" + escaped(entity_id_of(client)) + "\">";
    if (client.has_settings) write_settings(out, client.settings);
    out += "</entity>";
  }
  if (for_server) {
    out += "<cs:clients>";
    for (const ClientState& client : clients) write_state(out, client);
    out += "</cs:clients>";
  }
  return out + "</poc-settings>\r\n";
}

}  // namespace claviger::registration
