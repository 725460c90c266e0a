# The rooms and what each may use: the one place where this is written down.
# The build links by it, and tests/unit/rooms/includes_test reads every #include against it.
#
#   patrol_room(<name> <folder> USES <rooms...> FOREIGN <libraries of cmake/foreign.cmake...> [PROTO] [GLUE])
#
# ground floor first; a room uses only rooms listed for it, and neither wing knows the other.

patrol_room(base lib/base USES FOREIGN absl log asio prometheus)
patrol_room(geo lib/geo USES base FOREIGN absl json boost_geometry)

# the video wing: what the cameras show
patrol_room(media lib/video/media USES base FOREIGN ffmpeg)
patrol_room(rtsp lib/video/rtsp USES base media FOREIGN ssl)
patrol_room(ingest lib/video/ingest USES base media rtsp FOREIGN)
patrol_room(motion lib/video/motion USES base geo media FOREIGN opencv jpeg json zlib)

# the patrol wing: who can be where in three minutes
patrol_room(roadnet lib/patrol/roadnet USES base geo FOREIGN osmium gdal zlib)
patrol_room(tracks lib/patrol/tracks USES base geo roadnet FOREIGN xml)
patrol_room(coverage lib/patrol/coverage USES base geo roadnet tracks FOREIGN json cbc gdal)

# where the wings meet
patrol_room(response lib/response USES base geo motion coverage FOREIGN)

# how the world meets it
patrol_room(store lib/service/store USES base geo FOREIGN sqlite)
patrol_room(report lib/service/report USES base geo roadnet tracks coverage store FOREIGN)
patrol_room(api lib/service/api
  USES base geo media rtsp ingest motion roadnet tracks coverage response store report
  FOREIGN grpc PROTO GLUE)
patrol_room(web lib/service/web USES base media api FOREIGN grpc zlib PROTO GLUE)
patrol_room(config lib/service/config
  USES base geo media rtsp ingest motion roadnet tracks coverage response store report api web
  FOREIGN yaml GLUE)
