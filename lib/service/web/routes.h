#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Message;
}

namespace patrol::web {

// What of a response message goes into the HTTP body.
enum class AnswerKind {
  kJson,     // the whole message, proto3 JSON
  kJpeg,     // the bytes of field "jpeg"
  kGeoJson,  // the text of field "geojson"
};

// Where a request's body goes.
enum class BodyKind {
  kNone,  // a body is refused
  kJson,  // JSON of the sub-message named by Route::body_field
  kText,  // as it is into the string field Route::body_field
};

// One row of the table: an HTTP method and path, and the service method that answers it.
struct Route {
  std::string_view verb;  // "GET"
  // Segments are literals or one variable "{field.path=prefix/*}", as in google.api.http: it binds
  // the text of the segments it spans, "cameras/n-042", to a field of the request.
  std::string_view path;
  std::string_view service;                   // "CameraService"
  std::string_view method;                    // "GetCamera"
  const google::protobuf::Message* request;   // prototypes, static
  const google::protobuf::Message* response;  //
  AnswerKind answer = AnswerKind::kJson;
  BodyKind body = BodyKind::kNone;
  std::string_view body_field;
};

// All rows; built once, immutable.
const std::vector<Route>& Routes();

// The row that answers a request, and what its path variable was bound to.
struct RouteMatch {
  const Route* route = nullptr;
  std::string field;  // "camera.name"; empty when the path has no variable
  std::string value;  // "cameras/n-042", percent-decoded
};

struct RouteLookup {
  std::optional<RouteMatch> match;
  // When only the method was wrong: those that the path takes, "GET, PATCH".
  std::string allowed;
};

// Finds the row for a method and a path (without query, still percent-encoded).
RouteLookup FindRoute(std::string_view verb, std::string_view path);

// Decodes %XX, and '+' to a space where asked to; nullopt when an escape is broken or gives NUL.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);

}  // namespace patrol::web
