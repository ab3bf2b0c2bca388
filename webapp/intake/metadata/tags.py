"""What may stay of EXIF: camera, lens, exposure, dates, credit.

A list of what stays, not of what goes: a tag that is not here may hold anything. Left out
with intent:

- GPS directory, XMP, IPTC, Photoshop and maker notes: the places of places;
- titles, descriptions, comments, keywords (also those of Windows): people write places there;
- temperature, pressure, depth, subject location: a place can be told by them;
- serial numbers, names of owners and computers, unique ids: they tie a picture to others of
  the same camera that do tell a place;
- the thumbnail of the second directory: it may show what was cut off, and carries its own
  metadata.

Source: Exif 3.0 (CIPA DC-008-2023), sections 4.6.4 to 4.6.6.
"""

from collections.abc import Mapping
from types import MappingProxyType

from webapp.intake.containers.tiff import ASCII, UNDEFINED

_TEXT = frozenset({ASCII, 129})
_NUMBER = frozenset({1, 3, 4, 5, 6, 8, 9, 10, 11, 12})
_OPAQUE = frozenset({UNDEFINED})

_TEXTS = (
    0x010F,  # Make
    0x0110,  # Model
    0x0131,  # Software
    0x0132,  # DateTime
    0x013B,  # Artist
    0x8298,  # Copyright
    0x9003,  # DateTimeOriginal
    0x9004,  # DateTimeDigitized
    0x9010,  # OffsetTime
    0x9011,  # OffsetTimeOriginal
    0x9012,  # OffsetTimeDigitized
    0x9290,  # SubSecTime
    0x9291,  # SubSecTimeOriginal
    0x9292,  # SubSecTimeDigitized
    0xA433,  # LensMake
    0xA434,  # LensModel
)
_NUMBERS = (
    0x011A,  # XResolution
    0x011B,  # YResolution
    0x0128,  # ResolutionUnit
    0x013E,  # WhitePoint
    0x013F,  # PrimaryChromaticities
    0x0211,  # YCbCrCoefficients
    0x0213,  # YCbCrPositioning
    0x0214,  # ReferenceBlackWhite
    0x829A,  # ExposureTime
    0x829D,  # FNumber
    0x8822,  # ExposureProgram
    0x8827,  # PhotographicSensitivity
    0x8830,  # SensitivityType
    0x8831,  # StandardOutputSensitivity
    0x8832,  # RecommendedExposureIndex
    0x8833,  # ISOSpeed
    0x9102,  # CompressedBitsPerPixel
    0x9201,  # ShutterSpeedValue
    0x9202,  # ApertureValue
    0x9203,  # BrightnessValue
    0x9204,  # ExposureBiasValue
    0x9205,  # MaxApertureValue
    0x9206,  # SubjectDistance
    0x9207,  # MeteringMode
    0x9208,  # LightSource
    0x9209,  # Flash
    0x920A,  # FocalLength
    0x9214,  # SubjectArea
    0xA001,  # ColorSpace
    0xA002,  # PixelXDimension
    0xA003,  # PixelYDimension
    0xA20B,  # FlashEnergy
    0xA20E,  # FocalPlaneXResolution
    0xA20F,  # FocalPlaneYResolution
    0xA210,  # FocalPlaneResolutionUnit
    0xA215,  # ExposureIndex
    0xA217,  # SensingMethod
    0xA401,  # CustomRendered
    0xA402,  # ExposureMode
    0xA403,  # WhiteBalance
    0xA404,  # DigitalZoomRatio
    0xA405,  # FocalLengthIn35mmFilm
    0xA406,  # SceneCaptureType
    0xA407,  # GainControl
    0xA408,  # Contrast
    0xA409,  # Saturation
    0xA40A,  # Sharpness
    0xA40C,  # SubjectDistanceRange
    0xA432,  # LensSpecification
    0xA460,  # CompositeImage
    0xA500,  # Gamma
)
_OPAQUES = (
    0x9000,  # ExifVersion
    0x9101,  # ComponentsConfiguration
    0xA000,  # FlashpixVersion
    0xA300,  # FileSource
    0xA301,  # SceneType
    0xA302,  # CFAPattern
)

PHOTO_TAGS: Mapping[int, frozenset[int]] = MappingProxyType(
    dict.fromkeys(_TEXTS, _TEXT)
    | dict.fromkeys(_NUMBERS, _NUMBER)
    | dict.fromkeys(_OPAQUES, _OPAQUE)
)
"""Tag → kinds its values may have, in the main and in the EXIF directory."""

INTEROP_TAGS: Mapping[int, frozenset[int]] = MappingProxyType(
    {
        0x0001: _TEXT,  # InteroperabilityIndex: tells Adobe RGB
        0x0002: _OPAQUE,  # InteroperabilityVersion
    }
)
"""The same, in the interoperability directory."""
