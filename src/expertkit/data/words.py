"""The words that the generators build schemas and values from.

Every word here is one token of the embedded tokenizer, wherever it stands. ``UNSEEN`` holds names
that appear in no training text at all, neither the base models' nor an expert's; the slice made
of them shows how far copying reaches beyond the known vocabulary.
"""

from __future__ import annotations

ENTITIES = (
    "account actor album animal article artist author bank book branch bridge building bus camera campaign car "
    "city client clinic club coach company concert contract country course customer dealer department device "
    "doctor driver employee engine event farm film flight forest gallery game garden guest harbor hospital hotel "
    "invoice island journal lake lawyer lesson library machine market mission mountain movie museum nurse office "
    "orchestra parcel park patient payment phone pilot planet plant player project province recipe region "
    "restaurant river road room school seller server ship shop singer site song stadium station student subject "
    "supplier task teacher team temple theater ticket tower toy trail train truck vehicle venue village warehouse "
    "writer"
).split()
"""Things a table or an object is about; singular, so that ``<entity>_id`` names a reference."""

NUMBER_FIELDS = (
    "age amount area balance budget capacity cost depth discount distance duration energy fee floor goal height "
    "income length level load mass mileage minutes pages points population power pressure price profit quantity "
    "rank rate rating revenue salary score seats size speed stock storage temperature tickets total units volume "
    "votes wage weight width year"
).split()
"""Fields that hold a number."""

TEXT_FIELDS = (
    "brand category color currency director district email format gender genre grade kind label language leader "
    "manager material method mode model mood name nation nickname origin owner phase plan position priority "
    "publisher quality role season sector shape species sponsor state status street style surname symbol theme "
    "title topic type unit vendor zone"
).split()
"""Fields that hold a word."""

FLAG_FIELDS = (
    "active approved archived available closed confirmed digital enabled famous free hidden licensed local locked "
    "modern open paid private public ready remote sold urgent verified visible"
).split()
"""Fields that hold true or false."""

LIST_FIELDS = (
    "actions aliases awards channels colors guests hobbies items keywords labels members parts skills tags tools topics"
).split()
"""Fields that hold a list of words."""

VALUES = (
    "alpha amber apple aqua arctic aspen autumn azure bamboo basic berlin blue bravo bronze brown cairo carbon "
    "cedar central cherry classic cobalt copper coral cotton crimson crystal delta diamond dublin eagle early "
    "east ebony echo elm emerald falcon fiction final flint forest fresh friday garnet geneva gold granite green "
    "grey hazel helsinki indigo iron ivory jade jazz june kyoto large late lemon light lima lisbon lotus lunar "
    "madrid magenta mango maple marble march metal mint monday moscow music narrow navy nickel north oak ocean "
    "olive onyx opal orange oslo paris pearl pine pink plain plum polar prime purple quartz quick rapid red rock "
    "rome rose royal ruby rural sand satin scarlet senior silk silver simple small solar south spring steel stone "
    "strong summer sunday teal tiger tokyo topaz tulip turquoise urban velvet vienna violet warm west white wide "
    "wild willow winter wood yellow zinc"
).split()
"""Words that stand in text fields."""

UNSEEN_ENTITIES = (
    "abbey beacon cavern dolphin embassy fountain glacier heron inlet jungle kiosk lantern meadow nebula obelisk "
    "pelican quarry reactor sparrow tavern umbrella vineyard walrus yacht zeppelin"
).split()
UNSEEN_NUMBER_FIELDS = (
    "altitude bandwidth curvature density elasticity friction humidity latency margin torque viscosity yield".split()
)
UNSEEN_TEXT_FIELDS = (
    "accent cuisine dialect emblem fabric guild habitat ideology jargon lineage motto pattern ritual texture".split()
)
UNSEEN_FLAG_FIELDS = "bilingual edible fragile nocturnal portable soluble waterproof".split()
UNSEEN_LIST_FIELDS = "anecdotes beverages ceremonies herbs insects pigments spices".split()
UNSEEN_VALUES = (
    "acoustic bohemian cobweb drizzle eclipse feather ginger horizon incense juniper kestrel lagoon mosaic nectar "
    "oyster paprika quiver rhubarb saffron thistle umber vortex wicker yarrow zephyr"
).split()
